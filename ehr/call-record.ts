import type { Communication } from '@medplum/fhirtypes';
import type { CallForChart } from '../db/write-back.ts';

/** Identifier of a call in the EHR: the same call is never written twice. */
export const CALL_SYSTEM = 'urn:chartline:call';

/** The call as the chart keeps it: a Communication by telephone between the patient and who answered. */
export function communicationOf(call: CallForChart): Communication {
  const patient = { reference: `Patient/${call.patientId}` };
  const staff = call.practitionerId
    ? [{ reference: `Practitioner/${call.practitionerId}`, ...(call.staffName ? { display: call.staffName } : {}) }]
    : [];
  const inbound = call.direction === 'inbound';
  const [caller] = inbound ? [patient] : staff;
  return {
    resourceType: 'Communication',
    identifier: [{ system: CALL_SYSTEM, value: call.callId }],
    status: call.bridgedAt ? 'completed' : 'not-done',
    ...(call.bridgedAt ? {} : { statusReason: { text: call.outcome } }),
    medium: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationMode', code: 'PHONE' }],
        text: 'Telephone',
      },
    ],
    subject: patient,
    sent: call.startedAt.toISOString(),
    ...(call.bridgedAt ? { received: call.bridgedAt.toISOString() } : {}),
    ...(caller ? { sender: caller } : {}),
    recipient: inbound ? staff : [patient],
    ...(call.intent ? { reasonCode: [{ text: call.intent }] } : {}),
    payload: [{ contentString: wordsFor(call) }],
  };
}

function wordsFor(call: CallForChart): string {
  const from = call.bridgedAt ?? call.startedAt;
  const seconds = Math.max(0, Math.round((call.endedAt.getTime() - from.getTime()) / 1000));
  const duration = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const direction = call.direction === 'inbound' ? 'from' : 'to';
  const what = call.bridgedAt ? `talked ${duration}` : `${call.outcome} after ${duration}`;
  const who = call.staffName ? ` with ${call.staffName}` : '';
  return `Telephone call ${direction} the patient${who}: ${what}. Caller identity level ${call.assurance} of 4.`;
}
