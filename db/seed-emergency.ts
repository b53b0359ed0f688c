import type { Db } from './db.ts';

/** The trunk to the demonstration's answering point. */
export const demoEmergencyTrunk = 'emergency-demo';

export type LocationSeed = {
  readonly name: string;
  readonly state: string;
  readonly city: string;
  readonly houseNumber: string;
  readonly street: string;
  readonly postalCode: string;
  readonly floor: string;
};

/** Every phone is there until somebody says otherwise. */
export async function seedLocation(db: Db, location: LocationSeed): Promise<void> {
  const { name, state, city, houseNumber, street, postalCode, floor } = location;
  await db.query(
    `insert into location (name, state, city, house_number, street, postal_code, floor)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [name, state, city, houseNumber, street, postalCode, floor],
  );
  await db.query('update extension set location = $1', [name]);
}

/** A trunk for 911 and 933 that brings no calls. */
export async function seedAnsweringPoint(db: Db): Promise<void> {
  await db.query(`insert into trunk (name, source, emergency) values ($1, '{}', true)`, [demoEmergencyTrunk]);
}

/** Its port may be another on each start; a trunk that somebody removed stays removed. */
export async function reachAnsweringPoint(db: Db, port: number): Promise<void> {
  await db.query('update trunk set outbound_uri = $2 where name = $1', [demoEmergencyTrunk, `sip:127.0.0.1:${port}`]);
}
