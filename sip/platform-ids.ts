// RingCentral, Zoom, RFC 7989, Cisco, Twilio, Avaya: by these their own records name a call.
const names = ['P-Rc-Api-Ids', 'X-Trace-ID', 'Session-ID', 'Cisco-Guid', 'X-Twilio-CallSid', 'Av-Global-Session-ID'];

/** Headers by which the platform at the other end finds this call in its records. */
export function platformIds(headers: (name: string) => string | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers(name)?.trim();
      return value ? [[name, value.slice(0, 200)]] : [];
    }),
  );
}
