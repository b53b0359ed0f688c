import { z } from 'zod';

const port = (value: number) => z.coerce.number().int().min(0).max(65535).default(value);
const host = z.string().min(1).default('127.0.0.1');
const seconds = (value: number) => z.coerce.number().positive().default(value);

/** Every setting, its unit and its default. The README's table is made from this (`npm run settings`). */
export const Settings = z.object({
  CHARTLINE_DATA: z.string().default('./data').describe('folder of everything that must survive a restart, mode 0700'),
  CHARTLINE_NODE: z.string().default('node-1').describe('name of this app node; owns calls'),
  CHARTLINE_CLINIC: z.string().default('Cedar Family Clinic').describe('name that greetings speak'),
  CHARTLINE_REGION: z.string().length(2).default('US').describe('country of national phone numbers'),
  CHARTLINE_TIME_ZONE: z.string().default('America/New_York').describe('IANA zone of the default opening hours'),
  CHARTLINE_LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug', 'silent'])
    .default('info')
    .describe('error, warn, info, debug or silent'),

  CHARTLINE_HTTP_HOST: host.describe('address of the console; loopback only until this says otherwise'),
  CHARTLINE_HTTP_PORT: port(8080).describe('console and API'),
  CHARTLINE_SIP_HOST: host.describe('embedded engine: where trunks and phones reach it'),
  CHARTLINE_SIP_PORT: port(5060).describe('embedded engine: SIP over UDP and TCP'),

  CHARTLINE_DEFAULT_DESTINATION: z
    .string()
    .regex(/^sips?:/)
    .optional()
    .describe('embedded engine: SIP URI that gets a call the app has not rung or answered within 2 s'),
  CHARTLINE_EMERGENCY_DESTINATION: z
    .string()
    .regex(/^sips?:/)
    .optional()
    .describe('embedded engine: SIP URI of the emergency trunk for a 911 the app has not taken within 1 s'),

  DRACHTIO_HOST: z.string().optional().describe('a real drachtio-server; empty: the embedded engine'),
  DRACHTIO_PORT: port(9022).describe('signaling engine admin'),
  DRACHTIO_SECRET: z
    .string()
    .optional()
    .describe('signaling engine admin secret; made at the first start for the embedded one'),

  FREESWITCH_HOST: z.string().optional().describe('a real FreeSWITCH; empty: the embedded engine'),
  FREESWITCH_PORT: port(8021).describe('media engine event socket'),
  FREESWITCH_SECRET: z
    .string()
    .optional()
    .describe('event socket secret; made at the first start for the embedded one'),
  CHARTLINE_ESL_HOST: host.describe('where the media server connects back to the app, one socket an endpoint'),
  CHARTLINE_ESL_PORT: port(8022).describe('port of that'),
  EMBEDDED_MEDIA_SIP_PORT: port(5080).describe('embedded media engine: SIP'),
  EMBEDDED_RTP_MIN: port(20000).describe('embedded media engine: first RTP port, UDP'),
  EMBEDDED_RTP_MAX: port(23999).describe('last RTP port'),

  DATABASE_URL: z.url().optional().describe('a real Postgres; empty: the embedded one'),
  EMBEDDED_POSTGRES_PORT: port(5433).describe('embedded Postgres, loopback only'),
  EMBEDDED_EMERGENCY_PORT: port(5099).describe('answering point of the demonstration (911, 933), loopback only'),

  FHIR_BASE_URL: z.url().optional().describe('a real EHR (FHIR R4); empty: the demonstration EHR'),
  FHIR_TOKEN: z.string().optional().describe('static bearer token'),
  FHIR_CLIENT_ID: z.string().optional().describe('SMART Backend Services: our client id at the EHR'),
  FHIR_CLIENT_KEY: z.string().optional().describe('file with our private key, PEM (PKCS #8) or JWK; RSA or EC P-384'),
  FHIR_CLIENT_KEY_ID: z.string().optional().describe('kid as registered; default: the JWK’s own'),
  FHIR_SCOPE: z.string().default('system/*.rs system/Communication.c').describe('scope asked for with FHIR_CLIENT_ID'),
  FHIR_TOKEN_URL: z.url().optional().describe('default: as .well-known/smart-configuration says'),
  EMBEDDED_EHR_PORT: port(8090).describe('demonstration EHR, loopback only'),
  EHR_IDENTIFY_SECONDS: seconds(0.2).describe('deadline of the phone index'),
  EHR_SUMMARY_SECONDS: seconds(1.5).describe('deadline of the chart summary'),

  CHARTLINE_FORK_HOST: host.describe('where the media server streams call audio to the recorder'),
  CHARTLINE_FORK_PORT: port(8086).describe('port of that'),
  CHARTLINE_READER_PORT: port(8087).describe('recordings reader, loopback only'),

  CHARTLINE_DRAIN_SECONDS: seconds(10).describe('how long Ctrl-C waits for calls'),
});

export type Config = Readonly<z.infer<typeof Settings>>;

/** The only reader of the environment. Throws one error that lists every bad setting. */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Settings.safeParse(given);
  if (!parsed.success) throw new Error(`bad settings:\n${z.prettifyError(parsed.error)}`);
  return Object.freeze(parsed.data);
}
