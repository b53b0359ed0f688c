import type { IdentityRow, PhoneRow, ProblemRow } from '../ehr/index-rows.ts';
import type { Activity, IndexAnswer, IndexHit, NumberException } from '../ehr/match.ts';
import type { Db } from './db.ts';

/*
 * The phone index: patient_identity, patient_phone, phone_problem, number_exception, patient_activity.
 * Rows come in by whole resources: what a resource no longer says is removed, what it says again is left untouched.
 */

type HitRow = {
  hit: IndexHit | null;
  activity: { patientId: string; kind: Activity['kind']; at: string }[] | null;
  exception: NumberException | null;
};

/** Everything the index holds of `number`: one indexed select. Merged charts answer as the chart that goes on. */
export async function lookUpNumber(db: Db, number: string): Promise<IndexAnswer> {
  const { rows } = await db.query<HitRow>({
    name: 'patients.look_up_number',
    text: `
      with hits as (
        select coalesce(kept.patient_id, i.patient_id) as patient_id,
               coalesce(kept.name, i.name) as name,
               coalesce(kept.birth_date, i.birth_date) as birth_date,
               coalesce(kept.gender, i.gender) as gender,
               coalesce(kept.mrn, i.mrn) as mrn,
               coalesce(kept.active, i.active) as active,
               p.relation, p.held_by, p.use, p.valid_from, p.valid_until
          from patient_phone p
          join patient_identity i using (patient_id)
          left join patient_identity kept on kept.patient_id = i.merged_into
         where p.number = $1
         limit 100)
      select case when h.patient_id is not null then json_build_object(
               'patientId', h.patient_id, 'name', h.name, 'birthDate', h.birth_date, 'gender', h.gender, 'mrn', h.mrn,
               'active', h.active, 'relation', h.relation, 'heldBy', h.held_by, 'use', h.use,
               'validFrom', h.valid_from, 'validUntil', h.valid_until) end as hit,
             (select json_agg(json_build_object('patientId', a.patient_id, 'kind', a.kind, 'at', a.at))
                from (select patient_id, kind, at from patient_activity where patient_id = h.patient_id
                      union all
                      select patient_id, 'missed-call', started_at from call
                       where patient_id = h.patient_id and started_at > now() - interval '3 days'
                         and direction = 'outbound' and outcome = 'unanswered') a) as activity,
             case when exists (select from line where line.number = $1) then 'clinic'
                  else (select kind from number_exception e where e.number = $1) end as exception
        from (select 1) one left join hits h on true`,
    values: [number],
  });
  return {
    hits: rows.flatMap(({ hit }) => (hit ? [hit] : [])),
    activity: rows.flatMap(({ activity }) => (activity ?? []).map((event) => ({ ...event, at: new Date(event.at) }))),
    exception: rows[0]?.exception ?? null,
  };
}

/*
 * Rows go over as one JSON parameter: V8 writes that many times faster than pg writes arrays. These statements have no
 * name, so that each is planned for the table as large as it then is: a plan kept from the first batches reads the
 * whole index for every later one.
 */

/** Stores identities; an older version of one never replaces a newer. Returns the ids of those that changed. */
export async function saveIdentities(db: Db, rows: readonly IdentityRow[]): Promise<string[]> {
  const { rows: changed } = await db.query<{ patient_id: string }>({
    text: `
      insert into patient_identity as old
        (patient_id, name, birth_date, gender, mrn, active, merged_into, source_updated_at)
      select * from json_to_recordset($1)
          as n("patientId" text, name text, "birthDate" date, gender text, mrn text, active bool, "mergedInto" text,
               "sourceUpdatedAt" timestamptz)
      on conflict (patient_id) do update
         set name = excluded.name, birth_date = excluded.birth_date, gender = excluded.gender, mrn = excluded.mrn,
             active = excluded.active, merged_into = excluded.merged_into,
             source_updated_at = excluded.source_updated_at, updated_at = now()
       where (old.source_updated_at is null or excluded.source_updated_at is null
              or old.source_updated_at <= excluded.source_updated_at)
         and (old.name, old.birth_date, old.gender, old.mrn, old.active, old.merged_into, old.source_updated_at)
             is distinct from (excluded.name, excluded.birth_date, excluded.gender, excluded.mrn, excluded.active,
                               excluded.merged_into, excluded.source_updated_at)
      returning patient_id`,
    values: [JSON.stringify(rows)],
  });
  return changed.map((row) => row.patient_id);
}

/** Points every chart merged into a merged chart at the one that goes on. */
export async function followMerges(db: Db): Promise<void> {
  await db.query(`
    update patient_identity a set merged_into = b.merged_into
      from patient_identity b
     where a.merged_into = b.patient_id and b.merged_into is not null and b.merged_into <> a.patient_id`);
}

/** The resources whose numbers are replaced: (patient, source) pairs, with or without rows. */
export type PhoneOwner = { readonly patientId: string; readonly source: string };

/** Makes the index say of each owner exactly `rows`. Owners that are no patient of ours are left out. */
export async function savePhones(db: Db, owners: readonly PhoneOwner[], rows: readonly PhoneRow[]): Promise<void> {
  await db.query({
    text: `
      delete from patient_phone
       where patient_id = any($1) and source = any($2) and number || ' ' || patient_id || ' ' || source <> all($3)`,
    values: [...ownersOf(owners), rows.map(({ number, patientId, source }) => `${number} ${patientId} ${source}`)],
  });
  await db.query({
    text: `
      insert into patient_phone as old
        (number, patient_id, relation, held_by, use, rank, valid_from, valid_until, source)
      select number, patient_id, relation, "heldBy", use, rank, "validFrom", "validUntil", source
        from json_to_recordset($1)
          as n(number text, "patientId" text, relation text, "heldBy" text, use text, rank smallint, "validFrom" date,
               "validUntil" date, source text)
        join patient_identity on patient_id = "patientId"
      on conflict (number, patient_id, source) do update
         set relation = excluded.relation, held_by = excluded.held_by, use = excluded.use, rank = excluded.rank,
             valid_from = excluded.valid_from, valid_until = excluded.valid_until
       where (old.relation, old.held_by, old.use, old.rank, old.valid_from, old.valid_until)
             is distinct from (excluded.relation, excluded.held_by, excluded.use, excluded.rank, excluded.valid_from,
                               excluded.valid_until)`,
    values: [JSON.stringify(rows)],
  });
}

/** Their patients and their sources, each once. */
function ownersOf(owners: readonly PhoneOwner[]): [string[], string[]] {
  const patients = new Set(owners.map(({ patientId }) => patientId));
  const sources = new Set(owners.map(({ source }) => source));
  return [[...patients], [...sources]];
}

/** Removes what related persons had under another patient before: the EHR has moved them. */
export async function moveRelatives(db: Db, owners: readonly PhoneOwner[]): Promise<void> {
  await db.query({
    name: 'patients.move_relatives',
    text: `delete from patient_phone p using unnest($1::text[], $2::text[]) as o(patient_id, source)
            where p.source = o.source and p.source like 'RelatedPerson/%' and p.patient_id <> o.patient_id`,
    values: [owners.map((owner) => owner.patientId), owners.map((owner) => owner.source)],
  });
}

/** Makes the work list say of each owner exactly `rows`. */
export async function saveProblems(db: Db, owners: readonly PhoneOwner[], rows: readonly ProblemRow[]): Promise<void> {
  await db.query({
    text: `
      delete from phone_problem
       where patient_id = any($1) and source = any($2) and patient_id || ' ' || source || ' ' || value <> all($3)`,
    values: [...ownersOf(owners), rows.map(({ patientId, source, value }) => `${patientId} ${source} ${value}`)],
  });
  if (rows.length === 0) return;
  await db.query({
    text: `
      insert into phone_problem (patient_id, source, value, reason)
      select patient_id, source, value, reason
        from json_to_recordset($1) as n("patientId" text, source text, value text, reason text)
        join patient_identity on patient_id = "patientId"
      on conflict do nothing`,
    values: [JSON.stringify(rows)],
  });
}

export type ActivityRow = {
  readonly source: string;
  readonly patientId: string;
  readonly kind: 'appointment' | 'result';
  /** ISO instant; null: no longer of interest, the row goes. */
  readonly at: string | null;
};

/** Stores visits and results by resource, and drops those that are over for longer than a week. */
export async function saveActivity(db: Db, rows: readonly ActivityRow[]): Promise<void> {
  await db.query({
    name: 'patients.save_activity',
    text: `
      with incoming as (
        select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as n(source, patient_id, kind, at)),
      gone as (
        delete from patient_activity a
         where a.at < now() - interval '7 days' or a.source in (select source from incoming where at is null))
      insert into patient_activity (source, patient_id, kind, at)
      select source, patient_id, kind, at from incoming join patient_identity using (patient_id)
       where at > now() - interval '7 days'
      on conflict (source) do update set at = excluded.at, patient_id = excluded.patient_id
       where (patient_activity.at, patient_activity.patient_id) is distinct from (excluded.at, excluded.patient_id)`,
    values: [
      rows.map((row) => row.source),
      rows.map((row) => row.patientId),
      rows.map((row) => row.kind),
      rows.map((row) => row.at),
    ],
  });
}

export type IndexSize = { readonly patients: number; readonly numbers: number; readonly unusable: number };

/** How much the index holds. */
export async function indexSize(db: Db): Promise<IndexSize> {
  const { rows } = await db.query<IndexSize>(`
    select (select count(*) from patient_identity where active and merged_into is null)::int as patients,
           (select count(*) from patient_phone)::int as numbers,
           (select count(*) from phone_problem)::int as unusable`);
  return rows[0] ?? { patients: 0, numbers: 0, unusable: 0 };
}

/** The index's size and its work list, at most 1000 of it. */
export async function listPhoneProblems(db: Db): Promise<{ size: IndexSize; problems: ProblemRow[] }> {
  const { rows } = await db.query<ProblemRow>(`
    select patient_id as "patientId", source, value, reason from phone_problem
     order by reason, patient_id, source limit 1000`);
  return { size: await indexSize(db), problems: rows };
}
