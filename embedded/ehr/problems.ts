export type ProblemTemplate = {
  /** SNOMED CT. */
  readonly code: string;
  readonly text: string;
  readonly ages: readonly [number, number];
  readonly medication?: { readonly text: string; readonly dosage: string };
  readonly order?: string;
};

/** What the clinic's patients have, roughly as often as listed. */
export const PROBLEMS: readonly ProblemTemplate[] = [
  {
    code: '38341003',
    text: 'Hypertension',
    ages: [35, 99],
    medication: { text: 'Lisinopril 10 mg tablet', dosage: '1 tablet by mouth every morning' },
    order: 'Basic metabolic panel',
  },
  {
    code: '44054006',
    text: 'Type 2 diabetes mellitus',
    ages: [35, 99],
    medication: { text: 'Metformin 500 mg tablet', dosage: '1 tablet by mouth twice a day with meals' },
    order: 'Hemoglobin A1c',
  },
  {
    code: '55822004',
    text: 'Hyperlipidemia',
    ages: [35, 99],
    medication: { text: 'Atorvastatin 20 mg tablet', dosage: '1 tablet by mouth at bedtime' },
    order: 'Lipid panel',
  },
  {
    code: '195967001',
    text: 'Asthma',
    ages: [4, 70],
    medication: { text: 'Albuterol 90 mcg inhaler', dosage: '2 puffs every 4 to 6 hours as needed' },
  },
  {
    code: '40930008',
    text: 'Hypothyroidism',
    ages: [25, 99],
    medication: { text: 'Levothyroxine 75 mcg tablet', dosage: '1 tablet by mouth before breakfast' },
    order: 'TSH',
  },
  {
    code: '35489007',
    text: 'Depressive disorder',
    ages: [16, 90],
    medication: { text: 'Sertraline 50 mg tablet', dosage: '1 tablet by mouth every day' },
  },
  {
    code: '396275006',
    text: 'Osteoarthritis',
    ages: [50, 99],
    medication: { text: 'Acetaminophen 500 mg tablet', dosage: '2 tablets by mouth every 8 hours as needed' },
  },
  {
    code: '37796009',
    text: 'Migraine',
    ages: [14, 65],
    medication: { text: 'Sumatriptan 50 mg tablet', dosage: '1 tablet at onset, may repeat once after 2 hours' },
  },
  {
    code: '49436004',
    text: 'Atrial fibrillation',
    ages: [55, 99],
    medication: { text: 'Apixaban 5 mg tablet', dosage: '1 tablet by mouth twice a day' },
    order: 'Complete blood count',
  },
  {
    code: '13645005',
    text: 'Chronic obstructive lung disease',
    ages: [50, 99],
    medication: { text: 'Tiotropium 18 mcg inhalation capsule', dosage: '1 capsule inhaled once a day' },
    order: 'Spirometry',
  },
  {
    code: '235595009',
    text: 'Gastroesophageal reflux disease',
    ages: [18, 90],
    medication: { text: 'Omeprazole 20 mg capsule', dosage: '1 capsule by mouth before breakfast' },
  },
  {
    code: '24079001',
    text: 'Atopic dermatitis',
    ages: [0, 20],
    medication: { text: 'Hydrocortisone 1% cream', dosage: 'thin layer twice a day' },
  },
  {
    code: '406506008',
    text: 'Attention deficit hyperactivity disorder',
    ages: [6, 20],
    medication: { text: 'Methylphenidate 18 mg extended release tablet', dosage: '1 tablet by mouth every morning' },
  },
];

export type AllergyTemplate = {
  readonly code: string;
  readonly text: string;
  readonly criticality: 'low' | 'high' | 'unable-to-assess';
  readonly reaction: string;
};

export const PENICILLIN: AllergyTemplate = {
  code: '91936005',
  text: 'Allergy to penicillin',
  criticality: 'high',
  reaction: 'Anaphylaxis',
};
export const ALLERGIES: readonly AllergyTemplate[] = [
  PENICILLIN,
  { code: '91935009', text: 'Allergy to peanut', criticality: 'high', reaction: 'Angioedema' },
  { code: '91939003', text: 'Allergy to sulfonamide', criticality: 'low', reaction: 'Rash' },
  { code: '300916003', text: 'Latex allergy', criticality: 'low', reaction: 'Contact dermatitis' },
  { code: '300913006', text: 'Allergy to shellfish', criticality: 'unable-to-assess', reaction: 'Hives' },
];

export const VISIT_REASONS = [
  'Follow-up of chronic conditions',
  'Cough and fever',
  'Back pain',
  'Medication review',
  'Annual wellness visit',
  'Blood pressure check',
  'Skin rash',
];
