/**
 * The import table of the house (see ARCHITECTURE.md). Every room may import model and support; the rest is listed here.
 * A room that is missing from the table may import nothing else.
 */
const mayImport = {
  model: [],
  support: [],
  manifest: [],
  scheduler: [],
  client: [],
  registry: ['manifest', 'store/contract'],
  api: ['manifest', 'registry'],
  controllers: ['registry', 'scheduler'],
  gitops: ['manifest', 'registry'],
  worker: ['client', 'runtime/contract'],
  cli: ['manifest', 'client'],
  store: [],
  runtime: [],
};
const contractFile = {
  'store/contract': '^src/store/store\\.ts$',
  'runtime/contract': '^src/runtime/container-runtime\\.ts$',
};

const rules = Object.entries(mayImport).map(([room, others]) => {
  const base = room === 'model' ? ['^src/support/'] : room === 'support' ? [] : ['^src/model/', '^src/support/'];
  const allowed = [
    `^src/${room}/`,
    '^schemas/',
    ...base,
    ...others.map((other) => contractFile[other] ?? `^src/${other}/`),
  ];
  return {
    name: `imports-of-${room}`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: { path: '^(src|test|schemas)/', pathNot: allowed },
  };
});

module.exports = {
  forbidden: [
    ...rules,
    {
      name: 'nobody-imports-app',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/app/' },
      to: { path: '^src/app/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-the-docker-runtime-knows-dockerode',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runtime/docker/' },
      to: { path: 'node_modules/dockerode' },
    },
    {
      name: 'only-the-level-store-knows-leveldb',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/level/' },
      to: { path: 'node_modules/classic-level' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
