// Reads policies and questions as one JSON document from its input, and writes the answers of iam-simulate in the order of the
// questions. Its argument is the folder with the package.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const { runSimulation } = createRequire(resolve(process.argv[2], 'package.json'))('@cloud-copilot/iam-simulate')
const { policies, questions } = JSON.parse(readFileSync(0, 'utf8'))

// It drops the context keys that the service reference doesn't list for the action and the resource.
async function answer(q) {
  const out = await runSimulation({
    request: {
      principal: q.principal,
      action: q.action,
      resource: { resource: q.resource, accountId: q.owner },
      contextVariables: q.keys ?? {},
    },
    identityPolicies: q.identity.map((i) => ({ name: String(i), policy: policies[i] })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: q.policy === undefined ? undefined : policies[q.policy],
  }, {})
  return out.resultType === 'error' ? 'error: ' + JSON.stringify(out.errors) : out.overallResult
}

const answers = []
for (const q of questions) answers.push(await answer(q))
process.stdout.write(JSON.stringify(answers))
