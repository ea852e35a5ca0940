// Plays one of Segment's SDKs for Node: takes calls from its input, one JSON array a line such as
// ["track", {"userId": "ada", "event": "Exported"}], and ends when all of them have been sent.
import { createInterface } from 'node:readline'

const [, , name, host, writeKey] = process.argv

const sdks = {
  async 'analytics-node 3'() {
    const { Analytics } = await import('@segment/analytics-node')
    const client = new Analytics({ writeKey, host, flushAt: 5, flushInterval: 50 })
    return { client, end: () => client.closeAndFlush({ timeout: 60_000 }) }
  },
  async 'analytics-node 6'() {
    const { default: Analytics } = await import('analytics-node')
    const client = new Analytics(writeKey, { host, flushAt: 5, flushInterval: 50 })
    return { client, end: () => client.flush() }
  }
}

const { client, end } = await sdks[name]()
for await (const line of createInterface({ input: process.stdin })) {
  const [call, message] = JSON.parse(line)
  client[call](message)
}
await end()
