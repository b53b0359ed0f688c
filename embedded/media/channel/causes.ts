/* Hangup causes and their Q.850 numbers, as the Reason header of a BYE tells them (RFC 3326). */

const q850: Readonly<Record<string, number>> = {
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_DESTINATION: 3,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  CALL_REJECTED: 21,
  DESTINATION_OUT_OF_ORDER: 27,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  INCOMPATIBLE_DESTINATION: 88,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  MANDATORY_IE_MISSING: 96,
  INTERWORKING: 127,
  ORIGINATOR_CANCEL: 487,
  MEDIA_TIMEOUT: 604,
};

/** A cause name that we know, else NORMAL_CLEARING. Numbers are understood too. */
export function causeOf(text: string): string {
  const name = text.trim().toUpperCase();
  if (name in q850) return name;
  const byNumber = Object.entries(q850).find(([, number]) => String(number) === name);
  return byNumber?.[0] ?? 'NORMAL_CLEARING';
}

/** Value of the Reason header. */
export function reasonHeader(cause: string): string {
  const number = q850[cause] ?? 31;
  return `${number < 128 ? 'Q.850' : 'FreeSWITCH'};cause=${number};text="${cause}"`;
}
