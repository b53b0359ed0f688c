-- Up Migration
-- Recording law by place, our own compilation of 2026-11-22. A STARTING TABLE, NOT LEGAL ADVICE: have counsel review it.
--
-- United States. Federal floor: one-party consent, 18 U.S.C. 2511(2)(d); federal law does not itself require an announcement.
-- Sources: Reporters Committee for Freedom of the Press, "Reporter's Recording Guide" (2012 edition, introduction, and the
--   Delaware page of the later edition); "Lane v. Allstate Ins. Co." (Nev. 1998); "9th Circuit upholds Oregon's
--   conversational privacy statute" (Oregon Business Report, 2025) and LegalClarity on Oregon and Michigan; National Law
--   Review on Michigan; LawServer, Conn. Gen. Stat. 52-570d; recordphonecall.com and recordinglaw.com on Delaware; a blog
--   quoting N.Y. Penal Law 250.00 and Gen. Bus. Law 399-z; McCann Security on Washington; IAPP "Spoiler Alert: Illinois..."
--   (2014); Vondran Legal on California (Kearney v. Salomon Smith Barney); independently compiled state tables.
-- Statutes are pointers for counsel; their text was read only where evidence is P.
--
-- Other countries. Sources: recordphonecall.com "International Call Recording Laws - Overview"; AVOXI "International Call
--   Recording Laws & Compliance Guide"; FreJun "Call Recording Laws in Various Countries"; general knowledge.
-- There a recording is nearly always personal health data too: lawful basis, notice, retention limit and security apply
--   whatever the wiretap rule says. All are treated as all-party.
--
-- evidence: P a page about that place was read; S named in a secondary page; T2 two compiled tables agree, no primary text
--   read; D compiled sources disagree, see note; G general knowledge, unverified.
insert into consent_rule (place, name, consent, treat_as, statute, note, evidence) values
  ('US-AL', 'Alabama', 'one-party', 'one-party', 'Ala. Code 13A-11-30; 13A-11-31', '', 'T2'),
  ('US-AK', 'Alaska', 'one-party', 'one-party', 'Alaska Stat. 42.20.310', '', 'T2'),
  ('US-AZ', 'Arizona', 'one-party', 'one-party', 'Ariz. Rev. Stat. 13-3005; 13-3012', '', 'T2'),
  ('US-AR', 'Arkansas', 'one-party', 'one-party', 'Ark. Code 5-60-120', '', 'T2'),
  ('US-CA', 'California', 'all-party', 'all-party', 'Cal. Penal Code 632; 632.7', 'All parties to a confidential communication; 632.7 reaches cellular and cordless calls. California''s rule was applied to calls recorded from a one-party state (Kearney v. Salomon Smith Barney, 2006).', 'P'),
  ('US-CO', 'Colorado', 'one-party', 'one-party', 'Colo. Rev. Stat. 18-9-303', '', 'T2'),
  ('US-CT', 'Connecticut', 'mixed', 'all-party', 'Conn. Gen. Stat. 52-570d (civil, telephone); 53a-187, 53a-189 (criminal)', 'Criminal law is one-party but civil law requires one of: prior consent of all parties (written or at the start of the recording), a spoken notice captured at the start, or a repeating tone about every 15 seconds.', 'P'),
  ('US-DE', 'Delaware', 'mixed', 'all-party', '11 Del. C. 2402 vs 11 Del. C. 1335(a)(4)', 'Wiretap statute one-party; privacy statute all-party; not settled, guides advise the stricter.', 'P'),
  ('US-DC', 'District of Columbia', 'one-party', 'one-party', 'D.C. Code 23-542', 'One older compiled list shows all-party; the newer tables and the RCFP introduction show one-party.', 'D'),
  ('US-FL', 'Florida', 'all-party', 'all-party', 'Fla. Stat. 934.03', '', 'T2'),
  ('US-GA', 'Georgia', 'one-party', 'one-party', 'Ga. Code 16-11-62; 16-11-66', '', 'T2'),
  ('US-HI', 'Hawaii', 'one-party', 'one-party', 'Haw. Rev. Stat. 803-42', 'All-party where a device is installed in a private place; one older list shows Hawaii all-party outright.', 'D'),
  ('US-ID', 'Idaho', 'one-party', 'one-party', 'Idaho Code 18-6702', '', 'T2'),
  ('US-IL', 'Illinois', 'all-party', 'all-party', '720 ILCS 5/14-2', 'The earlier statute was struck down in 2014 (People v. Clark); re-enacted for surreptitious recording of private conversations (re-enactment from general knowledge). Announce.', 'P'),
  ('US-IN', 'Indiana', 'one-party', 'one-party', 'Ind. Code 35-33.5-1-5; 35-31.5-2-176', '', 'T2'),
  ('US-IA', 'Iowa', 'one-party', 'one-party', 'Iowa Code 808B.2', '', 'T2'),
  ('US-KS', 'Kansas', 'one-party', 'one-party', 'Kan. Stat. 21-6101', '', 'T2'),
  ('US-KY', 'Kentucky', 'one-party', 'one-party', 'Ky. Rev. Stat. 526.010; 526.020', '', 'T2'),
  ('US-LA', 'Louisiana', 'one-party', 'one-party', 'La. Rev. Stat. 15:1303', '', 'T2'),
  ('US-ME', 'Maine', 'one-party', 'one-party', 'Me. Rev. Stat. tit. 15, 709-712', '', 'T2'),
  ('US-MD', 'Maryland', 'all-party', 'all-party', 'Md. Code, Cts. & Jud. Proc. 10-402', '', 'T2'),
  ('US-MA', 'Massachusetts', 'all-party', 'all-party', 'Mass. Gen. Laws ch. 272, 99', 'Bars secret recording outright; an audible notice at the start of the call is the safe minimum.', 'T2'),
  ('US-MI', 'Michigan', 'mixed', 'all-party', 'Mich. Comp. Laws 750.539c', 'Text reads all-party; Court of Appeals (Sullivan v. Gray) lets a participant record; state supreme court has not ruled.', 'P'),
  ('US-MN', 'Minnesota', 'one-party', 'one-party', 'Minn. Stat. 626A.02', '', 'T2'),
  ('US-MS', 'Mississippi', 'one-party', 'one-party', 'Miss. Code 41-29-531', '', 'T2'),
  ('US-MO', 'Missouri', 'one-party', 'one-party', 'Mo. Rev. Stat. 542.402', '', 'T2'),
  ('US-MT', 'Montana', 'all-party', 'all-party', 'Mont. Code Ann. 45-8-213', 'Notice-based: all parties must know.', 'T2'),
  ('US-NE', 'Nebraska', 'one-party', 'one-party', 'Neb. Rev. Stat. 86-290', '', 'T2'),
  ('US-NV', 'Nevada', 'mixed', 'all-party', 'Nev. Rev. Stat. 200.620; 200.650', 'Statute reads one-party, but the state supreme court (Lane v. Allstate, 1998) requires all parties for wire (telephone) calls.', 'P'),
  ('US-NH', 'New Hampshire', 'all-party', 'all-party', 'N.H. Rev. Stat. 570-A:2', '', 'T2'),
  ('US-NJ', 'New Jersey', 'one-party', 'one-party', 'N.J. Stat. 2A:156A-4', '', 'T2'),
  ('US-NM', 'New Mexico', 'one-party', 'one-party', 'N.M. Stat. 30-12-1', '', 'T2'),
  ('US-NY', 'New York', 'one-party', 'one-party', 'N.Y. Penal Law 250.00; 250.05', 'Telemarketers must separately disclose recording (Gen. Bus. Law 399-z); that rule is about telemarketing, not consent.', 'P'),
  ('US-NC', 'North Carolina', 'one-party', 'one-party', 'N.C. Gen. Stat. 15A-287', '', 'T2'),
  ('US-ND', 'North Dakota', 'one-party', 'one-party', 'N.D. Cent. Code 12.1-15-02', '', 'T2'),
  ('US-OH', 'Ohio', 'one-party', 'one-party', 'Ohio Rev. Code 2933.52', '', 'P'),
  ('US-OK', 'Oklahoma', 'one-party', 'one-party', 'Okla. Stat. tit. 13, 176.4', '', 'T2'),
  ('US-OR', 'Oregon', 'mixed', 'all-party', 'Or. Rev. Stat. 165.540', 'Telephone is one-party; in-person and video-conference conversations require all participants to be informed (upheld en banc, 9th Cir. Jan 2025). A telehealth video leg on the same platform needs notice.', 'P'),
  ('US-PA', 'Pennsylvania', 'all-party', 'all-party', '18 Pa. Cons. Stat. 5703; 5704(4)', '', 'T2'),
  ('US-RI', 'Rhode Island', 'one-party', 'one-party', 'R.I. Gen. Laws 11-35-21', '', 'T2'),
  ('US-SC', 'South Carolina', 'one-party', 'one-party', 'S.C. Code 17-30-30', '', 'T2'),
  ('US-SD', 'South Dakota', 'one-party', 'one-party', 'S.D. Codified Laws 23A-35A-20', '', 'T2'),
  ('US-TN', 'Tennessee', 'one-party', 'one-party', 'Tenn. Code 39-13-601', '', 'T2'),
  ('US-TX', 'Texas', 'one-party', 'one-party', 'Tex. Penal Code 16.02', '', 'T2'),
  ('US-UT', 'Utah', 'one-party', 'one-party', 'Utah Code 77-23a-4', '', 'T2'),
  ('US-VT', 'Vermont', 'mixed', 'all-party', 'none (18 U.S.C. 2511 applies)', 'No state recording statute, so the federal one-party floor applies; State v. Geraw leaves surreptitious recording in the home uncertain.', 'P'),
  ('US-VA', 'Virginia', 'one-party', 'one-party', 'Va. Code 19.2-62', '', 'T2'),
  ('US-WA', 'Washington', 'all-party', 'all-party', 'Wash. Rev. Code 9.73.030', 'Consent is met by an announcement made to all parties that is itself recorded (9.73.030(3)).', 'P'),
  ('US-WV', 'West Virginia', 'one-party', 'one-party', 'W. Va. Code 62-1D-3', '', 'T2'),
  ('US-WI', 'Wisconsin', 'one-party', 'one-party', 'Wis. Stat. 968.31', '', 'T2'),
  ('US-WY', 'Wyoming', 'one-party', 'one-party', 'Wyo. Stat. 7-3-702', '', 'T2'),
  ('US-AS', 'American Samoa', 'one-party', 'all-party', '', 'Older compiled list only; treat as all-party until checked.', 'G'),
  ('US-GU', 'Guam', 'one-party', 'all-party', '', 'Older compiled list only; treat as all-party until checked.', 'G'),
  ('US-MP', 'Northern Mariana Islands', 'one-party', 'all-party', '', 'Not in any source read; federal floor assumed.', 'G'),
  ('US-PR', 'Puerto Rico', 'mixed', 'all-party', '', 'One older list shows one-party; local privacy law is often read more strictly. Treat as all-party until checked.', 'G'),
  ('US-VI', 'US Virgin Islands', 'one-party', 'all-party', '', 'Older compiled list only; treat as all-party until checked.', 'G'),
  ('GB', 'United Kingdom', 'one-party', 'all-party', '', 'Own-business recording allowed for listed purposes (Investigatory Powers Act 2016 framework); UK GDPR notice and lawful basis.', 'S'),
  ('IE', 'Ireland', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('DE', 'Germany', 'all-party', 'all-party', '', 'Criminal offence to record the spoken word without consent (StGB 201); GDPR.', 'S'),
  ('FR', 'France', 'all-party', 'all-party', '', 'Code penal art. 226-1; GDPR.', 'S'),
  ('AT', 'Austria', 'mixed', 'all-party', '', 'Participant recording tolerated but passing it on is punishable; treat as all-party.', 'G'),
  ('CH', 'Switzerland', 'all-party', 'all-party', '', 'StGB 179bis/179ter; narrow exceptions (emergency services, orders).', 'G'),
  ('ES', 'Spain', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('IT', 'Italy', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('NL', 'Netherlands', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('BE', 'Belgium', 'mixed', 'all-party', '', 'Participant rule plus electronic-communications and GDPR duties for businesses.', 'G'),
  ('PL', 'Poland', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('SE', 'Sweden', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('DK', 'Denmark', 'one-party', 'all-party', '', 'Participant may record; GDPR basis, the regulator has pressed for consent.', 'G'),
  ('NO', 'Norway', 'one-party', 'all-party', '', 'Participant may record; GDPR-equivalent notice and basis.', 'G'),
  ('FI', 'Finland', 'one-party', 'all-party', '', 'Participant may record; GDPR notice and basis.', 'G'),
  ('CA', 'Canada', 'one-party', 'all-party', '', 'Criminal Code is one-party; PIPEDA and provincial health-privacy law require notice and consent from organisations.', 'S'),
  ('AU', 'Australia', 'mixed', 'all-party', '', 'Federal interception law plus state and territory surveillance-device laws that differ; announce on every call.', 'S'),
  ('NZ', 'New Zealand', 'one-party', 'all-party', '', 'Participant may record; Privacy Act 2020 notice.', 'G'),
  ('IN', 'India', 'mixed', 'all-party', '', 'No clear bar on a participant; constitutional privacy and the DPDP Act 2023 point to consent.', 'S'),
  ('SG', 'Singapore', 'one-party', 'all-party', '', 'Participant may record; PDPA consent or exception.', 'G'),
  ('JP', 'Japan', 'one-party', 'all-party', '', 'Participant may record; APPI purpose notice.', 'G'),
  ('IL', 'Israel', 'one-party', 'all-party', '', 'Participant may record; privacy-law notice.', 'G'),
  ('ZA', 'South Africa', 'one-party', 'all-party', '', 'RICA one-party; POPIA notice and basis.', 'G'),
  ('BR', 'Brazil', 'one-party', 'all-party', '', 'Participant may record; LGPD basis.', 'G'),
  ('MX', 'Mexico', 'mixed', 'all-party', '', 'Constitutional secrecy of communications plus data law; get consent.', 'G'),
  ('AE', 'United Arab Emirates', 'all-party', 'all-party', '', 'Strict consent rule with criminal penalties.', 'G'),
  ('PH', 'Philippines', 'all-party', 'all-party', '', 'Anti-Wiretapping Act (RA 4200) all-party; Data Privacy Act.', 'G');
