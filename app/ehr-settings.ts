import { readFile } from 'node:fs/promises';
import type { EhrOptions } from '../ehr/open.ts';
import type { Region } from '../sip/address.ts';
import type { Config } from './config.ts';

/** Where the EHR of these settings is and how we prove who we are. Throws one line when the key file cannot be read. */
export async function ehrSettings(
  config: Config,
): Promise<Pick<EhrOptions, 'baseUrl' | 'region' | 'token' | 'backend'>> {
  const { FHIR_CLIENT_ID: clientId, FHIR_CLIENT_KEY: keyFile } = config;
  if ((clientId === undefined) !== (keyFile === undefined))
    throw new Error('FHIR_CLIENT_ID and FHIR_CLIENT_KEY go together');
  return {
    baseUrl: config.FHIR_BASE_URL ?? `http://127.0.0.1:${config.EMBEDDED_EHR_PORT}/fhir/R4`,
    region: config.CHARTLINE_REGION as Region,
    token: config.FHIR_TOKEN,
    backend:
      clientId && keyFile
        ? {
            clientId,
            privateKey: await readKey(keyFile),
            keyId: config.FHIR_CLIENT_KEY_ID,
            scope: config.FHIR_SCOPE,
            tokenUrl: config.FHIR_TOKEN_URL,
          }
        : undefined,
  };
}

async function readKey(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause) => {
    throw new Error(`FHIR_CLIENT_KEY: ${file} cannot be read`, { cause });
  });
}
