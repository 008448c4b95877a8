//! Plain tables: a header, columns two spaces apart, numbers to the right, nothing that needs colour.
//!
//! A table is never wider than 80 columns, or than the terminal where that is wider. The last column gives way first: its
//! cells are wrapped at spaces, or stand on lines of their own under their rows where there is no room beside. Only then
//! are long cells of earlier columns shortened. Drawn by hand: no crate of tables puts a cell under its row, and they break
//! commands that are there to be copied.

use std::io;

use terminal_size::{Width, terminal_size_of};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Text, to the left.
    Text(&'static str),
    /// Numbers, to the right.
    Number(&'static str),
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Text(title) | Self::Number(title) => title,
        }
    }
}

const WIDTH: usize = 80;
/// Between columns, and before a cell that stands under its row.
const GAP: usize = 2;
/// A last column narrower than this does not read well.
const LAST_WIDTH_MIN: usize = 24;

/// Draws a table for stdout.
pub(crate) fn draw(columns: &[Column], rows: &[Vec<String>]) -> String {
    let terminal = terminal_size_of(io::stdout()).map_or(0, |(Width(width), _)| usize::from(width));
    fitted(columns, rows, terminal.max(WIDTH))
}

/// Draws a table that is no wider than this.
fn fitted(columns: &[Column], rows: &[Vec<String>], width: usize) -> String {
    let Some((last_column, earlier_columns)) = columns.split_last() else { return String::new() };
    let titles: Vec<String> = columns.iter().map(|column| column.title().to_owned()).collect();
    // What people typed elsewhere must not break lines or move the cursor here.
    let clean = |cell: &String| cell.replace(char::is_control, " ");
    let cleaned = rows.iter().map(|row| row.iter().map(clean).collect());
    let lines: Vec<Vec<String>> = std::iter::once(titles).chain(cleaned).collect();

    let mut widths: Vec<usize> = (0..columns.len()).map(|at| lines.iter().map(|cells| cells[at].width()).max().unwrap_or(0)).collect();
    let last_width = widths.pop().unwrap_or(0);
    // A number belongs to its row, so the last column gives way only where it is text.
    let earlier_width = if matches!(last_column, Column::Number(_)) { width.saturating_sub(last_width) } else { width + GAP };
    shorten(&mut widths, earlier_columns, earlier_width);
    let before = widths.iter().map(|width| width + GAP).sum();
    let room = width.saturating_sub(before);
    let place = |cell: &str| match last_column {
        _ if earlier_columns.is_empty() || cell.width() <= room => Place::Beside,
        Column::Text(_) if room < LAST_WIDTH_MIN || words(cell).iter().any(|word| word.width() > room) => Place::Under,
        Column::Text(_) | Column::Number(_) => Place::Beside,
    };

    let mut text = String::new();
    for cells in &lines {
        let Some((last, earlier)) = cells.split_last() else { continue };
        let mut row = String::new();
        for ((cell, width), column) in earlier.iter().zip(&widths).zip(earlier_columns) {
            row.push_str(&padded(&shortened(cell, *width), *width, *column));
            row.push_str(&" ".repeat(GAP));
        }
        let place = place(last);
        let (indent, room) = match place {
            Place::Beside => (before, room),
            Place::Under => (GAP, width - GAP),
        };
        let mut wrapped = wrapped(last, room);
        if place == Place::Beside && !wrapped.is_empty() {
            row.push_str(&padded(&wrapped.remove(0), last_width.min(room), *last_column));
        }
        push_line(&mut text, &row);
        for line in wrapped {
            push_line(&mut text, &format!("{}{line}", " ".repeat(indent)));
        }
    }
    text
}

/// Where a row's last cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In its column.
    Beside,
    /// On lines of its own.
    Under,
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn padded(cell: &str, width: usize, column: Column) -> String {
    let space = " ".repeat(width.saturating_sub(cell.width()));
    match column {
        Column::Text(_) => format!("{cell}{space}"),
        Column::Number(_) => format!("{space}{cell}"),
    }
}

/// Takes from the widest columns of text until all of them fit, gaps included; a title is never cut, nor is a number.
fn shorten(widths: &mut [usize], columns: &[Column], width: usize) {
    while widths.iter().map(|width| width + GAP).sum::<usize>() > width {
        let gives = |at: &usize| matches!(columns[*at], Column::Text(title) if widths[*at] > title.width());
        let Some(widest) = (0..widths.len()).filter(gives).max_by_key(|at| widths[*at]) else { return };
        widths[widest] -= 1;
    }
}

/// Both ends of a text that is too long: keys and ids may differ at either.
fn shortened(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let kept = width.saturating_sub(1);
    let start: String = within(cell.chars(), kept.div_ceil(2)).into_iter().collect();
    let end: String = within(cell.chars().rev(), kept / 2).into_iter().rev().collect();
    format!("{start}…{end}")
}

/// As many characters as this width holds.
fn within(chars: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut used = 0;
    let fits = |char: &char| {
        used += char.width().unwrap_or(0);
        used <= width
    };
    chars.take_while(fits).collect()
}

/// Lines no wider than this, broken at spaces; only a word wider than a line is broken inside.
fn wrapped(cell: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if cell.is_empty() {
        return lines;
    }
    for word in words(cell) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => line.push_str(&format!(" {word}")),
            _ if word.width() > width && word.contains(' ') => {
                lines.extend(word.split(' ').flat_map(|word| pieces(word, width)));
            }
            _ => lines.extend(pieces(&word, width)),
        }
    }
    lines
}

/// What is kept on one line where it fits: words, and what stands in backticks, since commands are there to be copied.
fn words(cell: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in cell.split(' ') {
        match words.last_mut() {
            Some(quoted) if open => quoted.push_str(&format!(" {word}")),
            _ => words.push(word.to_owned()),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while rest.width() > width {
        // One character at least, however narrow the line.
        let taken = within(rest.chars(), width).into_iter().map(char::len_utf8).sum::<usize>();
        let taken = if taken == 0 { rest.chars().next().map_or(rest.len(), char::len_utf8) } else { taken };
        let (piece, left) = rest.split_at(taken);
        pieces.push(piece.to_owned());
        rest = left;
    }
    pieces.push(rest.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it stands on 80 columns.
    #[track_caller]
    fn check(columns: &[Column], rows: &[&[&str]], expected: &str) {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        let drawn = fitted(columns, &rows, WIDTH);
        assert_eq!(drawn, expected, "\n{drawn}");
        assert!(drawn.lines().all(|line| line.width() <= WIDTH), "{drawn}");
    }

    const AUDIENCES: [Column; 4] = [Column::Text("audience"), Column::Number("members"), Column::Text("as of"), Column::Text("syncs")];
    const RUN: [Column; 6] = [
        Column::Text("audience"),
        Column::Number("members"),
        Column::Number("entered"),
        Column::Number("exited"),
        Column::Text("destination"),
        Column::Text("sync"),
    ];
    const MEMBERS: [Column; 3] = [Column::Text("profile"), Column::Text("user_id"), Column::Text("email")];
    const PROFILE: &str = "8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11";
    const KEY: &str = "big_spenders_in_the_north_of_germany_2025_first_quarter";

    #[test]
    fn numbers_stand_to_the_right_and_lines_end_clean() {
        let expected = "audience      members\nbig_spenders   12,904\nlapsed              2\n";
        check(&[Column::Text("audience"), Column::Number("members")], &[&["big_spenders", "12,904"], &["lapsed", "2"]], expected);
    }

    #[test]
    fn words_of_the_last_column_are_wrapped_at_spaces() {
        let sync = "facebook: sent: somebody else changed who is in the audience; `muster resync lapsed` sends everybody anew";
        check(
            &AUDIENCES,
            &[&["lapsed", "12,904", "2025-03-03 00:00 UTC", sync], &["quiet", "0", "no run yet", ""]],
            "\
audience  members  as of                 syncs
lapsed     12,904  2025-03-03 00:00 UTC  facebook: sent: somebody else changed
                                         who is in the audience;
                                         `muster resync lapsed` sends everybody
                                         anew
quiet           0  no run yet
",
        );
    }

    #[test]
    fn what_has_no_room_beside_stands_under_its_row() {
        let user_id = "0d3c5b1e-77aa-4a0e-8f55-3f1d2c9b8e77";
        check(
            &MEMBERS,
            &[&[PROFILE, user_id, "ben@example.com"], &[PROFILE, "", "ann@example.com"], &[PROFILE, user_id, ""]],
            "\
profile                               user_id
  email
8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11  0d3c5b1e-77aa-4a0e-8f55-3f1d2c9b8e77
  ben@example.com
8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11
  ann@example.com
8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11  0d3c5b1e-77aa-4a0e-8f55-3f1d2c9b8e77
",
        );
    }

    #[test]
    fn a_word_wider_than_its_column_stays_whole_under_its_row() {
        let ids = "a-rather-long-address-of-somebody@department.example.com";
        check(
            &MEMBERS,
            &[&[PROFILE, "u-1", ids], &[PROFILE, "u-2", "ben@example.com"]],
            "\
profile                               user_id  email
8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11  u-1
  a-rather-long-address-of-somebody@department.example.com
8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11  u-2      ben@example.com
",
        );
    }

    #[test]
    fn long_keys_are_shortened_and_keep_both_ends() {
        let sync = format!("sent: somebody else changed who is in the audience; `muster resync {KEY}` sends everybody anew");
        check(
            &RUN,
            &[&[KEY, "12,904", "12", "3", "facebook_main", &sync], &["", "", "", "", "crm", "sent"]],
            "\
audience                                 members  entered  exited  destination
  sync
big_spenders_in_the…_2025_first_quarter   12,904       12       3  facebook_main
  sent: somebody else changed who is in the audience;
  `muster resync big_spenders_in_the_north_of_germany_2025_first_quarter` sends
  everybody anew
                                                                   crm
  sent
",
        );
    }

    #[test]
    fn what_fits_stays_beside_where_another_cell_does_not() {
        let below = "facebook_main: below minimum: 47 of 100 sendable people; held until there are enough";
        let expected = "\
audience                    members  as of                 syncs
bulk_buyers_this_month           47  1998-03-01 23:00 UTC
  facebook_main: below minimum: 47 of 100 sendable people; held until there are
  enough
second_purchase_candidates    4,468  1998-03-01 23:00 UTC  facebook_main: sent
";
        let rows: [&[&str]; 2] = [
            &["bulk_buyers_this_month", "47", "1998-03-01 23:00 UTC", below],
            &["second_purchase_candidates", "4,468", "1998-03-01 23:00 UTC", "facebook_main: sent"],
        ];
        check(&AUDIENCES, &rows, expected);
    }

    #[test]
    fn a_number_stays_beside_its_row() {
        let expected = "\
audience                                                        members  entered
big_spenders_in_the_north_of_ge…e_north_of_germany_2025_firsts   12,904       12
";
        check(&RUN[..3], &[&[&"big_spenders_in_the_north_of_germany_2025_firsts".repeat(2), "12,904", "12"]], expected);
    }

    #[test]
    fn long_ids_are_shortened() {
        check(
            &MEMBERS,
            &[&[PROFILE, &"0123456789".repeat(10), "ben@example.com"]],
            "\
profile                               user_id
  email
8a4b7a53-4c64-4f1c-9c0e-0a6c3c1f2d11  012345678901234567890…01234567890123456789
  ben@example.com
",
        );
    }

    #[test]
    fn a_word_wider_than_a_line_is_broken_and_wide_letters_count_twice() {
        check(
            &[Column::Text("name")],
            &[&[&"a".repeat(100)], &[&"\u{6771}".repeat(41)]],
            "\
name
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
aaaaaaaaaaaaaaaaaaaa
東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東東
東
",
        );
    }

    #[test]
    fn what_would_move_the_cursor_is_a_space() {
        check(&[Column::Text("name"), Column::Text("city")], &[&["a\nb", "c\u{1b}[2Jd"]], "name  city\na b   c [2Jd\n");
    }

    #[test]
    fn a_wide_terminal_is_used() {
        let rows = vec![vec![PROFILE.to_owned(), PROFILE.to_owned(), "ben@example.com".to_owned()]];
        assert_eq!(fitted(&MEMBERS, &rows, 120).lines().count(), 2);
    }
}
