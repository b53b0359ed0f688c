/** Invented people: given names by administrative gender, and family names, from many places. */
export const GIVEN = {
  female:
    'Amara Beatriz Chiara Dalia Esperanza Farah Greta Hye-jin Ingrid Jocelyn Keiko Lucinda Mirela Nadia Oluchi Priya Quinn Rania Soledad Tamsin Ursula Vesna Wanjiru Ximena Yasmin Zofia Anjali Brigid Calliope Dorota Eun-ha Fatoumata Giselle Henrietta Ilse Juana Katya Lerato Marisol Noemi'.split(
      ' ',
    ),
  male: 'Amadou Bram Cedric Dmitri Emeka Fabian Gustavo Hamid Ignacio Jamal Kofi Leander Matthias Nikhil Osvaldo Pavel Rafael Sione Tobias Umberto Viktor Wendell Xavier Yusuf Zoltan Anselm Bashir Cyrus Dashiell Efrain Florin Giancarlo Haruki Isidro Jonah Kwabena Lazaro Minh Nestor Orin'.split(
    ' ',
  ),
  other: 'Ari Briar Indigo Marlowe Rowan Sage'.split(' '),
} as const;

export const FAMILY =
  "Abernathy Adeyemi Alvarado Bianchi Bouchard Castellanos Chowdhury D'Amico Dlamini Eriksen Fitzwilliam Gallardo Gebremariam Hollingsworth Ibarra Iyer Jankowski Kaplan Karimi Kowalczyk Laurent Levesque Mbeki McTavish Montoya Nakagawa Nguyen-Pham Oduya O'Rourke Paredes Papadakis Quispe Rahimi Rasmussen Sato Silveira Stepanova Tadesse Thibodeaux Ueda Valenzuela Vanderhoek Wachowski Whitlock Yamashiro Yilmaz Zapata Zhou".split(
    ' ',
  );

export const STREETS = [
  'Alder Court',
  'Birchmere Lane',
  'Canal Road',
  'Dogwood Street',
  'Elmhurst Avenue',
  'Foxglove Way',
  'Granite Hill Road',
  'Harbor View Drive',
  'Ironwood Terrace',
  'Juniper Place',
];

export const TOWNS = [
  { city: 'Washington', state: 'DC', postalCode: '20012' },
  { city: 'Silver Spring', state: 'MD', postalCode: '20910' },
  { city: 'Hyattsville', state: 'MD', postalCode: '20781' },
  { city: 'Arlington', state: 'VA', postalCode: '22204' },
  { city: 'Alexandria', state: 'VA', postalCode: '22314' },
  { city: 'Baltimore', state: 'MD', postalCode: '21218' },
] as const;
