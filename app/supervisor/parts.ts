import type { Config } from '../config.ts';
import type { ChildSpec } from './child.ts';

export type Part = 'postgres' | 'engine' | 'ehr' | 'answering-point' | 'reader' | 'app';
export type EngineSecrets = { readonly drachtio: string; readonly freeswitch: string };

// What only some parts may know; everything else of the environment reaches all of them.
const confidential = ['DATABASE_URL', 'DRACHTIO_SECRET', 'FREESWITCH_SECRET', 'FHIR_TOKEN'];

/**
 * The processes of this start: each stand-in only when the real one is not set. `databaseUrl` is asked when a process
 * that needs it starts.
 */
export function parts(where: {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly dataFolder: string;
  readonly secrets: EngineSecrets;
}) {
  const { config, secrets } = where;
  const open = Object.fromEntries(Object.entries(where.env).filter(([name]) => !confidential.includes(name)));
  const shared = { ...open, CHARTLINE_DATA: where.dataFolder };
  const drachtioSecret = config.DRACHTIO_SECRET ?? secrets.drachtio;
  const freeswitchSecret = config.FREESWITCH_SECRET ?? secrets.freeswitch;
  const engineSecrets = { DRACHTIO_SECRET: drachtioSecret, FREESWITCH_SECRET: freeswitchSecret };
  const spec = (name: Part, module: string, env: NodeJS.ProcessEnv, drainSeconds = 10): ChildSpec => ({
    name,
    module,
    env: { ...shared, ...env },
    drainSeconds,
  });

  return {
    postgres: config.DATABASE_URL ? null : spec('postgres', 'embedded/postgres/main.ts', {}, 20),
    engine: config.DRACHTIO_HOST && config.FREESWITCH_HOST ? null : spec('engine', 'embedded/engine.ts', engineSecrets),
    ehr: config.FHIR_BASE_URL ? null : spec('ehr', 'embedded/ehr/main.ts', {}),
    // Only a demonstration has one: a clinic's own database names its own emergency trunk.
    answeringPoint: config.DATABASE_URL ? null : spec('answering-point', 'embedded/phone/answering-point.ts', {}),
    reader: (databaseUrl: string) => spec('reader', 'recordings/reader/main.ts', { DATABASE_URL: databaseUrl }),
    app: (databaseUrl: string) =>
      spec(
        'app',
        'app/main.ts',
        {
          ...engineSecrets,
          DATABASE_URL: databaseUrl,
          DRACHTIO_HOST: config.DRACHTIO_HOST ?? '127.0.0.1',
          FREESWITCH_HOST: config.FREESWITCH_HOST ?? '127.0.0.1',
          FHIR_BASE_URL: config.FHIR_BASE_URL ?? `http://127.0.0.1:${config.EMBEDDED_EHR_PORT}/fhir/R4`,
          ...(config.FHIR_TOKEN ? { FHIR_TOKEN: config.FHIR_TOKEN } : {}),
        },
        config.CHARTLINE_DRAIN_SECONDS + 5,
      ),
  };
}
