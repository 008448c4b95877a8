//! Plain tables: a header, columns two spaces apart, numbers to the right, nothing that needs colour.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table};

/// How a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Text, to the left.
    Text(&'static str),
    /// Numbers, to the right.
    Number(&'static str),
}

const WIDTH_MAX: u16 = 80;

/// Draws a table; cells of the last column that are too long for 80 columns are wrapped.
pub(crate) fn draw(columns: &[Column], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH_MAX);
    table.set_header(columns.iter().map(|column| match column {
        Column::Text(title) | Column::Number(title) => Cell::new(*title),
    }));
    for row in rows {
        table.add_row(row.iter().map(Cell::new));
    }
    for (index, column) in columns.iter().enumerate() {
        let Some(drawn) = table.column_mut(index) else { continue };
        drawn.set_padding((0, 2));
        if index + 1 < columns.len() {
            drawn.set_constraint(ColumnConstraint::ContentWidth);
        }
        if matches!(column, Column::Number(_)) {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_lines_end_clean() {
        let rows = vec![vec!["big_spenders".into(), "12,904".into()], vec!["lapsed".into(), "2".into()]];
        let drawn = draw(&[Column::Text("audience"), Column::Number("members")], &rows);
        assert_eq!(drawn, "audience      members\nbig_spenders   12,904\nlapsed              2\n");
    }

    #[test]
    fn long_cells_stay_within_80_columns() {
        let rows = vec![vec!["a".repeat(20), "words ".repeat(40)]];
        let drawn = draw(&[Column::Text("audience"), Column::Text("sync")], &rows);
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
    }
}
