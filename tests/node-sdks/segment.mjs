// Sends PEOPLE x EACH events with Segment's library: segment.mjs URL KEY EVENT PEOPLE EACH
import { Analytics } from '@segment/analytics-node'

const [host, writeKey, event, people, each] = process.argv.slice(2)
const analytics = new Analytics({ writeKey, host, flushAt: 20, flushInterval: 100, maxRetries: 20 })
analytics.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})
for (let round = 0; round < Number(each); round++) {
  for (let person = 0; person < Number(people); person++) {
    analytics.track({ userId: `u-${person}`, event, properties: { revenue: 9.5, round } })
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
}
analytics.identify({ userId: 'u-1', traits: { email: 'ada@example.com' } })
analytics.group({ anonymousId: 'a-1', groupId: 'acme', traits: { industry: 'Software' } })
analytics.alias({ previousId: 'a-1', userId: 'u-1' })
analytics.page({ userId: 'u-1', name: 'Home', category: 'Landing' })
await analytics.closeAndFlush({ timeout: 60000 })
