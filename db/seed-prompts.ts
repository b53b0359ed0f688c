import type { Intent } from '../routing/types.ts';
import type { Db } from './db.ts';

/** Menu that shared lines play; the prompt of the same name lists its keys. */
export const mainMenu = 'intent-menu';

/** What each key of the menu means. */
export const mainMenuKeys: readonly (readonly [digit: string, intent: Intent, verify?: boolean])[] = [
  ['1', 'appointment'],
  ['2', 'refill', true],
  ['3', 'clinical'],
  ['4', 'results', true],
  ['5', 'billing'],
  ['9', 'urgent'],
  ['0', 'operator'],
];

// The emergency words come first: whoever needs them must not have to listen to the rest.
const english = {
  greeting: 'If this is an emergency, hang up and dial 9 1 1. Thank you for calling {clinic}.',
  'recording-notice': 'This call is recorded for your care and for quality.',
  'recording-ask': 'May we record this call for your care and for quality? Press 1 for yes, 2 for no.',
  'intent-menu':
    'If this is urgent, press 9. For an appointment, press 1. For a prescription refill, press 2. To speak with your care team, press 3. For test results, press 4. For billing, press 5. For anything else, press 0.',
  'ask-birth-date':
    'To help you with that, please key the date of birth of the patient: two digits for the month, two for the day, and four for the year. Or press pound to go on without.',
  'birth-date-again': 'That does not match. Please key the date of birth once more, or press pound to go on without.',
  'invalid-key': 'That is not one of the choices.',
  connecting: 'One moment please, we are connecting you.',
  'nobody-available':
    'We are sorry, nobody can take your call right now. Please call again in a few minutes. If this is an emergency, hang up and dial 9 1 1.',
  'nobody-available-urgent':
    'Nobody can take your call right now. If this is an emergency, hang up and dial 9 1 1 now, or go to the nearest emergency room. Otherwise please call again at once.',
  'after-hours':
    'The clinic is closed now. If this is an emergency, hang up and dial 9 1 1. Otherwise please call again when we are open.',
  goodbye: 'Thank you for calling. Goodbye.',
  'accept-call': 'This is a call from a patient of {clinic}. To take it, press 1.',
  'queue-position-1': 'You are next in line.',
  ...Object.fromEntries(
    [2, 3, 4, 5, 6, 7, 8, 9].map((place) => [`queue-position-${place}`, `You are number ${place} in line.`]),
  ),
  'queue-position-many': 'There are several callers before you. Please stay on the line.',
  'queue-wait-1': 'It will be about a minute.',
  'queue-wait-2': 'It will be about two minutes.',
  'queue-wait-5': 'It will be about five minutes.',
  'queue-wait-10': 'It will be about ten minutes.',
  'queue-wait-15': 'It will be about a quarter of an hour.',
  'queue-wait-30': 'It will be about half an hour.',
  'queue-wait-long': 'It will be more than half an hour.',
} as const;

const spanish: Readonly<Record<keyof typeof english, string>> = {
  greeting: 'Si es una emergencia, cuelgue y marque 9 1 1. Gracias por llamar a {clinic}.',
  'recording-notice': 'Esta llamada se graba para su atención y para mejorar el servicio.',
  'recording-ask':
    '¿Podemos grabar esta llamada para su atención y para mejorar el servicio? Oprima 1 para sí, 2 para no.',
  'intent-menu':
    'Si es urgente, oprima 9. Para una cita, oprima 1. Para renovar una receta, oprima 2. Para hablar con su equipo de salud, oprima 3. Para resultados, oprima 4. Para facturas, oprima 5. Para otros asuntos, oprima 0.',
  'ask-birth-date':
    'Para ayudarle, marque la fecha de nacimiento del paciente: dos cifras para el mes, dos para el día y cuatro para el año. U oprima numeral para seguir sin ella.',
  'birth-date-again': 'No coincide. Marque otra vez la fecha de nacimiento, u oprima numeral para seguir sin ella.',
  'invalid-key': 'Esa no es una de las opciones.',
  connecting: 'Un momento por favor, le estamos comunicando.',
  'nobody-available':
    'Lo sentimos, nadie puede atender su llamada en este momento. Por favor llame de nuevo en unos minutos. Si es una emergencia, cuelgue y marque 9 1 1.',
  'nobody-available-urgent':
    'Nadie puede atender su llamada en este momento. Si es una emergencia, cuelgue y marque 9 1 1 ahora, o vaya a la sala de emergencias más cercana. Si no, llame de nuevo enseguida.',
  'after-hours':
    'La clínica está cerrada. Si es una emergencia, cuelgue y marque 9 1 1. Si no, por favor llame cuando estemos abiertos.',
  goodbye: 'Gracias por llamar. Adiós.',
  'accept-call': 'Es una llamada de un paciente de {clinic}. Para aceptarla, oprima 1.',
  'queue-position-1': 'Usted es la próxima persona en la fila.',
  ...Object.fromEntries(
    [2, 3, 4, 5, 6, 7, 8, 9].map((place) => [`queue-position-${place}`, `Usted es el número ${place} en la fila.`]),
  ),
  'queue-position-many': 'Hay varias personas antes que usted. Por favor permanezca en la línea.',
  'queue-wait-1': 'Será cerca de un minuto.',
  'queue-wait-2': 'Serán cerca de dos minutos.',
  'queue-wait-5': 'Serán cerca de cinco minutos.',
  'queue-wait-10': 'Serán cerca de diez minutos.',
  'queue-wait-15': 'Será cerca de un cuarto de hora.',
  'queue-wait-30': 'Será cerca de media hora.',
  'queue-wait-long': 'Será más de media hora.',
};

export const defaultPrompts: Readonly<Record<'en' | 'es', Readonly<Record<string, string>>>> = {
  en: english,
  es: spanish,
};

/** Enters the default prompts and menu where they are missing, and gives the menu to shared lines that have none. */
export async function seedPrompts(db: Db): Promise<void> {
  const prompts = Object.entries(defaultPrompts).flatMap(([language, texts]) =>
    Object.entries(texts).map(([key, text]) => ({ key, language, text })),
  );
  await db.query(
    `insert into prompt (key, language, text)
     select key, language, text from json_to_recordset($1) as p(key text, language text, text text)
         on conflict do nothing`,
    [JSON.stringify(prompts)],
  );
  const { rowCount } = await db.query('insert into ivr_menu (name, prompt) values ($1, $1) on conflict do nothing', [
    mainMenu,
  ]);
  // A menu that is there already keeps the keys that somebody gave it.
  if (rowCount) {
    await db.query(
      `insert into ivr_option (menu, digit, intent, verify)
       select $1, digit, intent, verify from unnest($2::text[], $3::text[], $4::bool[]) as o(digit, intent, verify)`,
      [
        mainMenu,
        mainMenuKeys.map(([digit]) => digit),
        mainMenuKeys.map(([, intent]) => intent),
        mainMenuKeys.map(([, , verify]) => verify ?? false),
      ],
    );
  }
  await db.query('update line set menu = $1 where menu is null and direct_practitioner_id is null', [mainMenu]);
}
