import type { Team } from '../routing/rows.ts';
import type { PractitionerRef, StaffState } from '../routing/types.ts';
import type { E164, Region } from '../sip/address.ts';
import type { NumberFormat } from '../sip/number-format.ts';
import type { CivicAddress } from '../sip/pidf-lo.ts';
import type { CallerIdentity } from '../sip/ports.ts';
import type { Db } from './db.ts';

/** What a phone admin edits, as it stands in the tables. */
export type PhoneRows = {
  readonly lines: readonly LineRow[];
  readonly trunks: readonly TrunkRow[];
  readonly extensions: readonly ExtensionRow[];
  readonly staff: readonly StaffRow[];
  readonly teams: readonly Team[];
};
export type LineRow = {
  readonly number: E164;
  readonly name: string;
  readonly timeZone: string;
  readonly usState: string | null;
  readonly language: string;
  readonly record: boolean;
  readonly directPractitioner: PractitionerRef | null;
  readonly menu: string | null;
};
/** Enabled ones only. */
export type TrunkRow = {
  readonly name: string;
  /** CIDR. */
  readonly source: readonly string[];
  readonly region: Region;
  readonly callerHeaders: readonly CallerIdentity['header'][];
  readonly trusted: boolean;
  readonly numberFormat: NumberFormat;
  readonly sitePrefix: string | null;
  readonly outboundUri: string | null;
  readonly register: boolean;
  /** Secret. */
  readonly auth: { readonly username: string; readonly password: string } | null;
  readonly maxChannels: number;
  readonly emergency: boolean;
};
export type CallingClass = 'internal' | 'national' | 'international';
/** Enabled ones only. The HA1s are secrets. */
export type ExtensionRow = {
  readonly number: string;
  readonly displayName: string;
  readonly md5: string;
  readonly sha256: string;
  readonly line: E164 | null;
  readonly callingClass: CallingClass;
  readonly dailyMinutes: number | null;
  readonly callbackNumber: E164 | null;
  readonly location: CivicAddress | null;
  readonly doNotDisturb: boolean;
  readonly forwardAlways: string | null;
  readonly forwardBusy: string | null;
  readonly forwardNoAnswer: string | null;
};
export type StaffRow = {
  readonly id: number;
  readonly name: string;
  readonly extension: string | null;
  readonly practitioner: PractitionerRef | null;
  readonly state: StaffState;
  readonly languages: readonly string[];
  readonly coveredBy: number | null;
  readonly teams: readonly string[];
};

/** Every line, trunk, extension, person and team, as of one moment. */
export async function loadPhones(db: Db): Promise<PhoneRows> {
  const { rows } = await db.query<{ set: PhoneRows }>({
    name: 'phones.all',
    text: `
      select json_build_object(
        'lines', coalesce((select json_agg(json_build_object(
          'number', l.number, 'name', l.name, 'timeZone', l.time_zone, 'usState', l.us_state, 'language', l.language,
          'record', l.record, 'directPractitioner', l.direct_practitioner_id, 'menu', l.menu) order by l.number)
          from line l), '[]'),
        'trunks', coalesce((select json_agg(json_build_object(
          'name', t.name, 'source', t.source::text[], 'region', t.region,
          'callerHeaders', coalesce(t.caller_headers, p.caller_headers), 'trusted', t.trusted,
          'numberFormat', coalesce(t.number_format, p.number_format), 'sitePrefix', t.site_prefix,
          'outboundUri', t.outbound_uri, 'register', t.register, 'maxChannels', t.max_channels, 'emergency', t.emergency,
          'auth', case when t.auth_user is not null
            then json_build_object('username', t.auth_user, 'password', t.auth_secret) end) order by t.name)
          from trunk t join trunk_profile p on p.name = t.profile where t.enabled), '[]'),
        'extensions', coalesce((select json_agg(json_build_object(
          'number', e.number, 'displayName', e.display_name, 'md5', e.ha1_md5, 'sha256', e.ha1_sha256,
          'line', e.line, 'callingClass', e.calling_class, 'dailyMinutes', e.daily_minutes,
          'callbackNumber', e.callback_number, 'doNotDisturb', e.do_not_disturb,
          'forwardAlways', e.forward_always, 'forwardBusy', e.forward_busy, 'forwardNoAnswer', e.forward_no_answer,
          'location', case when o.name is not null then json_build_object(
            'country', o.country, 'state', o.state, 'city', o.city, 'houseNumber', o.house_number, 'street', o.street,
            'postalCode', o.postal_code, 'placeName', o.place_name, 'floor', o.floor, 'room', o.room) end)
          order by e.number)
          from extension e left join location o on o.name = e.location where e.enabled), '[]'),
        'staff', coalesce((select json_agg(json_build_object(
          'id', s.id, 'name', s.name, 'extension', s.extension, 'practitioner', s.practitioner_id, 'state', s.state,
          'languages', s.languages, 'coveredBy', s.covered_by,
          'teams', array(select m.team from team_member m where m.staff_id = s.id order by m.team)) order by s.id)
          from staff s), '[]'),
        'teams', coalesce((select json_agg(json_build_object(
          'name', t.name, 'title', t.title, 'strategy', t.strategy,
          'members', array(select m.staff_id from team_member m where m.team = t.name
                            order by m.position, m.staff_id)) order by t.name)
          from team t), '[]')) as set`,
  });
  return rows[0]?.set ?? { lines: [], trunks: [], extensions: [], staff: [], teams: [] };
}

/** Gives the extension a new secret, as HA1s. Unknown number: makes the extension, named `displayName` or by its number. */
export async function setExtensionSecret(
  db: Db,
  extension: { number: string; displayName: string | null; md5: string; sha256: string; realm: string },
): Promise<'made' | 'changed'> {
  const { number, displayName, md5, sha256, realm } = extension;
  const { rows } = await db.query<{ made: boolean }>({
    name: 'extension.set_secret',
    text: `
      insert into extension (number, display_name, ha1_md5, ha1_sha256, realm)
      values ($1, coalesce($2, $1), $3, $4, $5)
      on conflict (number) do update
        set ha1_md5 = $3, ha1_sha256 = $4, realm = $5, display_name = coalesce($2, extension.display_name)
      returning xmax = 0 as made`,
    values: [number, displayName, md5, sha256, realm],
  });
  return rows[0]?.made ? 'made' : 'changed';
}
