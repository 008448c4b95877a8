// The same with RudderStack's library: rudder.mjs URL KEY EVENT PEOPLE EACH
import module from '@rudderstack/rudder-sdk-node'

const RudderAnalytics = module.default ?? module
const [host, writeKey, event, people, each] = process.argv.slice(2)
const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl: host, flushAt: 20, flushInterval: 100 })
for (let round = 0; round < Number(each); round++) {
  for (let person = 0; person < Number(people); person++) {
    analytics.track({ userId: `u-${person}`, event, properties: { revenue: 9.5, round } })
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
}
await new Promise((resolve, reject) => analytics.flush((error) => (error ? reject(error) : resolve())))
await new Promise((resolve) => setTimeout(resolve, 2000))
