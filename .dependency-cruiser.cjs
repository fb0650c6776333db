/** The arrows of docs/architecture.md: domain ← use cases ← handlers; ports ← adapters; `lib` knows only the contract. */
const below = (folder) => `^lambdas/${folder}/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment:
        'No I/O, no clock, no SDK: the domain knows itself, the shared contract, the words of issues, node:crypto for digests, node:zlib, and what parses bytes.',
      severity: 'error',
      from: { path: below('domain') },
      to: {
        pathNot: [
          below('domain'),
          '^lambdas/(contract|issues)\\.ts$',
          '^(node:)?(crypto|zlib)$',
          '(^|/)node_modules/(zod|avsc|hyparquet|yaml)/',
        ],
      },
    },
    {
      name: 'ports-know-the-domain',
      severity: 'error',
      from: {
        path: '^lambdas/((catalog|collection|drill|erasure|export|footer|snapshot|rotation|request|restore|replication)-)?ports\\.ts$',
      },
      to: {
        pathNot: [
          below('domain'),
          '^lambdas/(contract|ports|catalog-ports|collection-ports|export-ports|footer-ports|restore-ports|rollback-ports|rotation-ports|snapshot-ports)\\.ts$',
        ],
      },
    },
    {
      name: 'use-cases-know-ports',
      comment: 'Use cases decide by the domain and act through ports; never an adapter, a handler or an SDK.',
      severity: 'error',
      from: { path: below('usecases') },
      to: {
        pathNot: [
          below('domain'),
          below('usecases'),
          '^lambdas/(contract|ports|catalog-ports|collection-ports|drill-ports|erasure-ports|export-ports|footer-ports|restore-ports|request-ports|rollback-ports|rotation-ports|snapshot-ports|payloads|events|issues|replication-ports)\\.ts$',
          '^(node:)?crypto$',
          '(^|/)node_modules/zod/',
        ],
      },
    },
    {
      name: 'adapters-implement-ports',
      severity: 'error',
      from: { path: below('adapters') },
      to: { path: [below('usecases'), below('handlers'), '^(lib|cli|local|bin)/'] },
    },
    {
      name: 'only-wiring-makes-adapters',
      comment:
        'Handlers parse, call the use case and report. What they may use of adapters reads text or the environment.',
      severity: 'error',
      from: {
        path: below('handlers'),
        pathNot:
          '^lambdas/handlers/(wiring|lake-wiring|bus-wiring|catalog-wiring|chunk-wiring|collection-wiring|drill-wiring|erasure-wiring|export-wiring|footer-wiring|request-wiring|restore-wiring|rollback-wiring|rotation-wiring|snapshot-wiring|replication-wiring|waking-wiring)\\.ts$',
      },
      to: {
        path: below('adapters'),
        pathNot:
          '^lambdas/adapters/(env|log|pause|promotions|refreshes|export-queue|event-bus|ledger/(items|request-items))\\.ts$',
      },
    },
    {
      name: 'lib-knows-the-contract',
      comment: 'Besides the contract only what both sides must agree on: the words of errors, how job patterns match.',
      severity: 'error',
      from: { path: '^(lib|bin/app\\.ts$)' },
      to: {
        path: '^lambdas/',
        pathNot: '^lambdas/(contract|domain/errors|domain/error-catalog/[a-z-]+|domain/pipelines)\\.ts$',
      },
    },
    {
      name: 'functions-know-no-infrastructure',
      severity: 'error',
      from: { path: '^lambdas/' },
      to: { path: '^(lib|cli|local|bench|test|bin)/|node_modules/(aws-cdk-lib|constructs)/' },
    },
    {
      name: 'cli-invokes',
      comment: 'The CLI knows the shapes of requests and answers; what is decided, functions decide.',
      severity: 'error',
      from: { path: '^(cli|bin/branchline\\.ts$)' },
      to: { path: [below('(adapters|handlers)'), '^(lib|local)/'] },
    },
    {
      name: 'nothing-knows-tests',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
