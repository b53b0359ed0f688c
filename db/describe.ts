import type { Db } from './db.ts';

/** Every table with its comment. */
export async function listTables(db: Db): Promise<{ table: string; meaning: string }[]> {
  const { rows } = await db.query<{ table: string; meaning: string }>({
    name: 'describe.tables',
    text: `
      select relname as table, coalesce(obj_description(oid), '') as meaning
        from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'p')
       order by relname`,
  });
  return rows;
}

export type Description = {
  readonly comment: string | null;
  readonly columns: readonly { column: string; type: string; default: string; meaning: string }[];
  /** Constraints, `name: definition`. */
  readonly rules: readonly string[];
};

/** What a table holds; null: there is no such table. */
export async function describe(db: Db, table: string): Promise<Description | null> {
  const { rows } = await db.query<Description>({
    name: 'describe.table',
    text: `
      select obj_description(t.oid) as comment,
             (select json_agg(json_build_object(
                       'column', attname,
                       'type', format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end,
                       'default', coalesce(pg_get_expr(adbin, adrelid), ''),
                       'meaning', coalesce(col_description(t.oid, attnum), '')) order by attnum)
                from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
               where attrelid = t.oid and attnum > 0 and not attisdropped) as columns,
             coalesce((select json_agg(conname || ': ' || pg_get_constraintdef(oid) order by contype desc, conname)
                from pg_constraint where conrelid = t.oid and contype <> 'n'), '[]') as rules
        from pg_class t
       where t.oid = to_regclass(quote_ident($1))`,
    values: [table],
  });
  return rows[0] ?? null;
}
