import type { Pool } from '../db/db.ts';
import type { Region } from '../sip/address.ts';
import { type Abilities, abilitiesOf } from './connection.ts';
import { openDirectory } from './directory.ts';
import { type BreakerState, type Fhir, type FhirOptions, openFhir } from './fhir.ts';
import { type BackendServicesOptions, backendServices } from './smart.ts';
import { openCharts } from './summary.ts';
import { openSync, type Sync, type SyncStatus } from './sync.ts';
import type { CallerDirectory, Charts } from './types.ts';
import { openWriteBack, type WriteBack } from './write-back.ts';

export type EhrOptions = {
  readonly baseUrl: string;
  /** Static bearer token. */
  readonly token?: string | undefined;
  /** SMART Backend Services, when the EHR gives no static token. */
  readonly backend?: Omit<BackendServicesOptions, 'baseUrl'> | undefined;
  /** Country of national phone numbers in charts. */
  readonly region: Region;
  readonly pool: Pool;
  readonly now?: () => Date;
  readonly syncIntervalMs?: number;
  /** State changes, for logs, metrics and alerts; nothing about a patient. */
  readonly onBreaker?: (state: BreakerState) => void;
  readonly onSync?: (status: SyncStatus) => void;
  readonly onSetAside?: (why: string) => void;
};

export type Ehr = {
  readonly directory: CallerDirectory;
  readonly charts: Charts;
  readonly sync: Sync;
  /** `writeBack.start()` begins to write ended calls into charts. */
  readonly writeBack: WriteBack;
  readonly fhir: Fhir;
  /** The EHR answers, as far as the breaker and the last sync know. */
  readonly available: boolean;
};

/** The EHR at `baseUrl` with the phone index in Postgres. Opens no connection before it is asked; `sync.start()` begins. */
export function openEhr(options: EhrOptions): Ehr {
  const { pool, now = () => new Date() } = options;
  const fhir = openFhir({
    baseUrl: options.baseUrl,
    ...authorizationOf(options),
    onBreaker: (state) => {
      options.onBreaker?.(state);
      if (state === 'closed') writeBack.wake();
    },
  });
  const writeBack = openWriteBack({ fhir, pool, ...(options.onSetAside ? { onSetAside: options.onSetAside } : {}) });
  let abilities: Abilities | null = null;
  // Asked once the server is there; until then a batch is tried, which falls back by itself.
  const charts = openCharts({ fhir, pool, now, batch: () => abilities?.batch ?? true });
  const sync = openSync({
    fhir,
    pool,
    region: options.region,
    now,
    ...(options.syncIntervalMs ? { intervalMs: options.syncIntervalMs } : {}),
    onChanged: (patientIds) => charts.forget(patientIds),
    onState: (status) => {
      options.onSync?.(status);
      if (status.state === 'current' && !abilities)
        fhir.capabilities().then(
          (statement) => {
            abilities = abilitiesOf(statement);
          },
          () => {},
        );
    },
  });
  return {
    directory: openDirectory({ pool, now }),
    charts,
    sync,
    writeBack,
    fhir,
    get available() {
      return fhir.breaker !== 'open' && sync.status.state !== 'failing';
    },
  };
}

function authorizationOf({ token, backend, baseUrl }: EhrOptions): Pick<FhirOptions, 'authorization'> {
  if (token) return { authorization: async () => `Bearer ${token}` };
  return backend ? { authorization: backendServices({ ...backend, baseUrl }) } : {};
}
