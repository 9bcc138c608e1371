import type { ProblemTexts } from './english.js';

/** French. */
export const fr: ProblemTexts = {
  '"{0}" ({1}) is not an answer of profile {2}.': '« {0} » ({1}) n’est pas une réponse du barème {2}.',
  '"{0}" is not a day of the calendar.': '« {0} » n’est pas un jour du calendrier.',
  '"{0}" is not a state of the {1}.': '« {0} » n’est pas un état possible.',
  '"{0}" is not allowed while the {1} is {2}. Allowed: {3}.':
    '« {0} » n’est pas permis à l’état {2}. Permis : {3}.',
  '"{0}" needs a reason.': '« {0} » demande un motif.',
  'A calendar runs forward, over at most two years.':
    'Un calendrier va vers l’avant et couvre deux ans au plus.',
  'A change by cookie must come from the pages of this product.':
    'Une modification par cookie doit venir des pages de ce produit.',
  'A cohort ends on or after the day it begins.': 'Une cohorte finit le jour où elle commence ou après.',
  'A consent has one recipient.': 'Une autorisation a un seul destinataire.',
  'A decision has an outcome, and only a decision.':
    'Une décision a une issue, et seule une décision en a une.',
  'A different crosswalk between these versions is published.':
    'Une autre correspondance entre ces versions est déjà publiée.',
  'A file is there twice.': 'Un fichier est présent deux fois.',
  'A finding is closed from the day of the assessment until today.':
    'Un constat se clôt entre le jour de l’évaluation et aujourd’hui.',
  'A follow-up cannot be held before its baseline.':
    'Un suivi ne peut avoir lieu avant son évaluation initiale.',
  'A follow-up rests on this baseline.': 'Un suivi repose sur cette évaluation initiale.',
  'A password has {0} to {1} characters.': 'Un mot de passe a de {0} à {1} caractères.',
  'A piece of evidence has at most {0} MB.': 'Une preuve a au plus {0} Mo.',
  'A programme keeps at least one agency.': 'Un programme garde au moins une agence.',
  'A programme with the code {0} exists.': 'Un programme porte déjà le code {0}.',
  'A self-assessment carries no certificate.': 'Une auto-évaluation ne porte pas de certificat.',
  'A value holds half a character, which cannot be stored.':
    'Une valeur contient un demi-caractère, qui ne peut être enregistré.',
  'A visit that did not take place needs a reason.': 'Une visite qui n’a pas eu lieu demande un motif.',
  'A working day stands twice in the list.': 'Un jour ouvré figure deux fois dans la liste.',
  'An Idempotency-Key has 1 to 200 characters.': 'Une Idempotency-Key a de 1 à 200 caractères.',
  'An absence ends on or after the day it begins.': 'Une absence finit le jour où elle commence ou après.',
  'An answer or a claim has an answer, a note has a note, and nothing rests on itself.':
    'Une réponse ou déclaration porte une réponse, une note porte une note, et rien ne repose sur soi-même.',
  'An appeal is against a finding, a result or a decision.':
    'Un recours vise un constat, un résultat ou une décision.',
  'An assessment has at most {0} pieces of evidence.': 'Une évaluation a au plus {0} preuves.',
  'An engagement ends on or after the day it begins.': 'Un engagement finit le jour où il commence ou après.',
  'An engagement is a person’s or an organisation’s.':
    'Un engagement est celui d’une personne ou d’une organisation.',
  'An organisation keeps at least one owner.': 'Une organisation garde au moins un responsable.',
  'An organisation of the kind {0} cannot be {1} of a programme.':
    'Une organisation du type {0} ne peut être {1} d’un programme.',
  'An organisation sends {0} invitations a day at most.':
    'Une organisation envoie au plus {0} invitations par jour.',
  'An organisation signs in; there is no link.': 'Une organisation se connecte ; il n’y a pas de lien.',
  'Answer "{0}" has no rank; mean-ordinal needs one.':
    'La réponse « {0} » n’a pas de rang ; mean-ordinal en demande un.',
  'As things are recorded, this person does not breach the rule here.':
    'D’après ce qui est enregistré, cette personne n’enfreint pas la règle ici.',
  'Checklist {0} {1} has no level "{2}".': 'La liste {0} {1} n’a pas de niveau « {2} ».',
  'Complaints are handled by managers, reviewers and deciders of the agency.':
    'Les réclamations sont traitées par les responsables, relecteurs et décideurs de l’agence.',
  'Evidence may not be {0}.': 'Une preuve ne peut être {0}.',
  'Groups of fewer than {0} are never published.': 'Les groupes de moins de {0} ne sont jamais publiés.',
  'If-Match is not an ETag this API has given out.': 'If-Match n’est pas un ETag donné par cette API.',
  'In the baseline nothing applicable is answered.':
    'Dans l’évaluation initiale, rien d’applicable n’a de réponse.',
  'In the follow-up nothing applicable is answered.': 'Dans le suivi, rien d’applicable n’a de réponse.',
  'Into this cohort a site comes with a code that its programme gives out.':
    'Un site entre dans cette cohorte avec un code que donne son programme.',
  'It is not clear what the exception is for.': 'On ne voit pas à quoi s’applique l’exception.',
  'It is not clear which programme handles this.': 'On ne voit pas quel programme traite ceci.',
  'Latitude and longitude come together.': 'Latitude et longitude vont ensemble.',
  'More was sent than was declared.': 'Il a été envoyé plus que déclaré.',
  'Need {0} takes a whole number of days, at least 1.':
    'Le besoin {0} demande un nombre entier de jours, au moins 1.',
  'No crosswalk joins {0} and {1}.': 'Aucune correspondance ne relie {0} et {1}.',
  'Nobody allows a breach of their own.': 'Nul ne s’autorise un manquement à soi-même.',
  'Nobody closes findings of their own site.': 'Nul ne clôt les constats de son propre site.',
  'Nobody handles a complaint who {0}.':
    'Cette personne ne peut traiter la réclamation : elle est concernée.',
  'Nobody has this e-mail address.': 'Personne n’a cette adresse e-mail.',
  'Nobody holds an assessment on {0}.': 'Personne ne fait d’évaluation le {0}.',
  "Of {0} items something was sent that rests on what hasn't come yet.":
    'Pour {0} points, quelque chose a été envoyé qui repose sur ce qui n’est pas encore arrivé.',
  'Only a closed assessment can carry a certificate.':
    'Seule une évaluation clôturée peut porter un certificat.',
  'Only a supplier ends its participation by itself; for other parties the operator does.':
    'Seul un fournisseur met fin lui-même à sa participation ; pour les autres, l’exploitant le fait.',
  'Only a visit that has a day is done, moved, aborted or cancelled.':
    'Seule une visite qui a un jour est faite, déplacée, interrompue ou annulée.',
  'Only an agency publishes content.': 'Seule une agence publie des contenus.',
  'Only an agency sets up organisations other than suppliers; agencies are set up by whoever looks after the installation.':
    'Seule une agence crée des organisations autres que des fournisseurs ; les agences sont créées par qui administre l’installation.',
  'Only an appeal about an assessment that is upheld reopens it.':
    'Seul un recours admis sur une évaluation la rouvre.',
  'Only an owner changes the organisation.': 'Seul un responsable modifie l’organisation.',
  'Only an owner decides about the directory.': 'Seul un responsable décide de l’annuaire.',
  'Only an owner decides who belongs to it.': 'Seul un responsable décide qui en fait partie.',
  'Only an owner or programme manager of an agency imports records.':
    'Seul le responsable ou le responsable de programme d’une agence importe des données.',
  'Only an owner or quality manager of the supplier decides about consent.':
    'Seul le responsable ou le responsable qualité du fournisseur décide des autorisations.',
  'Only members of the buyer see its list.': 'Seuls les membres de l’acheteur voient sa liste.',
  "Only the agency's owner or programme manager may {0}.":
    'Seul le responsable ou le responsable de programme de l’agence peut le faire.',
  'Only the assessor or the programme manager records an absence.':
    'Seul l’évaluateur ou le responsable de programme note une absence.',
  'Only the buyer itself looks at what its rules would do.':
    'Seul l’acheteur lui-même regarde ce que feraient ses règles.',
  'Only the buyer itself publishes its rules.': 'Seul l’acheteur lui-même publie ses règles.',
  'Only the mentor or the programme manager records coaching.':
    'Seul le mentor ou le responsable de programme note l’accompagnement.',
  'Only the programme manager changes its charter.': 'Seul le responsable de programme modifie sa charte.',
  'Only the programme manager or the own organisation changes this entry.':
    'Seul le responsable de programme ou l’organisation elle-même modifie cette entrée.',
  'Only the programme manager starts cohorts.': 'Seul le responsable de programme ouvre des cohortes.',
  'Only the programme manager {0}.': 'Seul le responsable de programme le fait.',
  'Only the supplier appeals; others complain.':
    'Seul le fournisseur fait un recours ; les autres font une réclamation.',
  'Only who raised it withdraws a complaint.': 'Seul l’auteur retire une réclamation.',
  'Pictures in HEIC cannot be read here.': 'Les images HEIC ne peuvent être lues ici.',
  'Points are a number, or null when not scorable.':
    'Les points sont un nombre, ou null quand on ne peut noter.',
  'Profile {0} has no answer that conforms.': 'Le barème {0} n’a aucune réponse conforme.',
  'Requirement {0} has no class the profile {1} prices.':
    'L’exigence {0} n’a aucune classe que compte le barème {1}.',
  'Requirement {0} is answered twice.': 'L’exigence {0} a deux réponses.',
  'Requirement {0} stands in an unknown section "{1}".':
    'L’exigence {0} est dans une section inconnue, « {1} ».',
  'Say by which mapping the records are to be read.': 'Dites selon quelle table lire les données.',
  'Section {0} is its own parent.': 'La section {0} dépend d’elle-même.',
  'Send the records as a form.': 'Envoyez les données en formulaire.',
  'Several people have entered different things, and this would decide between them unseen.':
    'Plusieurs personnes ont saisi des choses différentes, et ceci trancherait sans les voir.',
  'Somebody else changed the charter just now.': 'Quelqu’un d’autre vient de modifier la charte.',
  'Somebody is the only owner of an organisation, which would be left to nobody.':
    'Quelqu’un est le seul responsable d’une organisation, qui resterait sans personne.',
  'Somebody with this e-mail address has an account.':
    'Quelqu’un a déjà un compte avec cette adresse e-mail.',
  'The archive is kept no longer.': 'L’archive n’est plus conservée.',
  'The archive is still being made.': 'L’archive est encore en préparation.',
  'The assessment asks no such requirement.': 'L’évaluation ne demande pas cette exigence.',
  'The remarks do not fit the assessment.': 'Les remarques ne correspondent pas à l’évaluation.',
  'The assessment did not pass, after closure included.':
    'L’évaluation n’est pas réussie, même après clôture.',
  'The assessment is dated {0}, a day that is still to come.':
    'L’évaluation porte la date du {0}, un jour à venir.',
  'The assessment is {0}: its answers cannot be changed.':
    'L’évaluation est à l’état {0} : ses réponses ne peuvent être modifiées.',
  'The assessment was closed before: what was decided is never voided.':
    'L’évaluation a déjà été close : ce qui a été décidé n’est jamais annulé.',
  'The assessment is void: it was opened by mistake.':
    'L’évaluation est annulée : elle a été ouverte par erreur.',
  'The assessment was closed before this had come.': 'L’évaluation a été clôturée avant que ceci n’arrive.',
  'The body is nested deeper than {0} levels.': 'Le corps est imbriqué sur plus de {0} niveaux.',
  'The charter cannot be like this.': 'La charte ne peut être ainsi.',
  'The checklist asks no "{0}" at this level.': 'La liste ne demande pas « {0} » à ce niveau.',
  'The checklist has no level "{0}".': 'La liste n’a pas de niveau « {0} ».',
  'The consent cannot be given like this.': 'L’autorisation ne peut être donnée ainsi.',
  'The crosswalk joins other checklist versions than those of the two assessments.':
    'La correspondance relie d’autres versions de la liste que celles des deux évaluations.',
  'The cursor is not one this list has given out.': 'Ce curseur n’a pas été donné par cette liste.',
  'The day lies outside the years 0001 to 9999.': 'Le jour est hors des années 0001 à 9999.',
  'The device answered another checklist version than the assessment is pinned to.':
    'L’appareil a répondu à une autre version de la liste que celle de l’évaluation.',
  'The engagement ended on {0}.': 'L’engagement a pris fin le {0}.',
  'The file does not say what it is.': 'Le fichier ne dit pas ce qu’il est.',
  'The file is not valid YAML.': 'Le fichier n’est pas du YAML valide.',
  'The file nests aliases too deeply or in a circle.':
    'Le fichier imbrique des alias trop profondément ou en cercle.',
  'The files have more than {0} MB; pack them with gzip, or import them with `uplift import inspections`.':
    'Les fichiers dépassent {0} Mo ; compressez-les avec gzip, ou importez-les avec `uplift import inspections`.',
  'The finding has no closure to take back.': 'Le constat n’a pas de clôture à reprendre.',
  'The finding is closed.': 'Le constat est clos.',
  'The first request with this key is still running.':
    'La première demande avec cette clé est encore en cours.',
  'The follow-up was held before the baseline.': 'Le suivi a eu lieu avant l’évaluation initiale.',
  'The form could not be understood.': 'Le formulaire n’a pas été compris.',
  'The horizon ends ({0}) before it begins ({1}).': 'L’horizon finit ({0}) avant de commencer ({1}).',
  'The horizon is longer than {0} days.': 'L’horizon dépasse {0} jours.',
  'The id {0} stands twice in {1}.': 'L’identifiant {0} figure deux fois dans {1}.',
  'The invitation has been accepted already.': 'L’invitation a déjà été acceptée.',
  'The invitation has run out.': 'L’invitation a expiré.',
  'The look-back is a whole number of months.': 'La période examinée est un nombre entier de mois.',
  'The look-back must be a whole number of months, 0 to 1200.':
    'La période examinée doit être un nombre entier de mois, de 0 à 1200.',
  'The number of {0} must be a whole number.': 'Le nombre de {0} doit être entier.',
  'The organisation cannot be set up like this.': 'L’organisation ne peut être créée ainsi.',
  'The organisation has left already.': 'L’organisation est déjà partie.',
  'The organisation has this part already.': 'L’organisation a déjà ce rôle.',
  'The organisation has work in this programme that its people would no longer see.':
    'L’organisation a dans ce programme du travail que ses membres ne verraient plus.',
  'The person has an engagement of this kind at this site in the same period.':
    'La personne a un engagement de ce type sur ce site à la même période.',
  'The person is an assessor or mentor already.': 'La personne est déjà évaluateur ou mentor.',
  'The person is no {0} of this organisation.': 'La personne n’est pas {0} de cette organisation.',
  'The programme allows no exception from {0}.': 'Le programme n’admet pas d’exception à {0}.',
  'The reason "other" needs a note.': 'La raison « other » demande une note.',
  'The result is still being computed; try again in a moment.':
    'Le résultat est encore en calcul ; réessayez dans un instant.',
  'The rule names a checklist or profile that is not published.':
    'La règle nomme une liste ou un barème non publié.',
  'The site has no submitted baseline to follow up.':
    'Le site n’a pas d’évaluation initiale remise à suivre.',
  'The site is enrolled in this cohort.': 'Le site est inscrit dans cette cohorte.',
  'The site is not enrolled in this cohort.': 'Le site n’est pas inscrit dans cette cohorte.',
  "The supplier's evidence would take more than {0} MB.": 'Les preuves du fournisseur dépasseraient {0} Mo.',
  'The two assessments are scored in different ways; their points are not on one scale.':
    'Les deux évaluations sont notées différemment ; leurs points ne sont pas sur une même échelle.',
  'The upload could not be understood.': 'L’envoi n’a pas été compris.',
  'The upload is at another place.': 'L’envoi en est à un autre endroit.',
  'The visit is planned for {0}.': 'La visite est prévue le {0}.',
  'The web app has no such file.': 'L’application n’a pas ce fichier.',
  'The {0} has changed since you read it (you have {1}, it is at {2}).':
    'Ceci a changé depuis votre lecture (vous avez {1}, c’est à {2}).',
  'There are no mails in this language.': 'Il n’y a pas de courriels dans cette langue.',
  'There are no reports in this language.': 'Il n’y a pas de rapports dans cette langue.',
  'There is an account for the address of this invitation: sign in, then accept.':
    'L’adresse de cette invitation a un compte : connectez-vous, puis acceptez.',
  'There is no account for this address yet.': 'Cette adresse n’a pas encore de compte.',
  'There is no published scoring profile {0}.': 'Il n’y a pas de barème publié {0}.',
  'There is no published version {0} of the checklist {1}.':
    'Il n’y a pas de version publiée {0} de la liste {1}.',
  'There is no room for this now. Keep it, and try again later.':
    'Il n’y a pas de place pour ceci maintenant. Gardez-le et réessayez plus tard.',
  'There is no such invitation for you.': 'Il n’y a pas d’invitation de ce genre pour vous.',
  'There is no such organisation to grant to.': 'Il n’y a pas d’organisation de ce genre à autoriser.',
  'There is no such time zone.': 'Ce fuseau horaire n’existe pas.',
  'There is no such {0}.': 'N’existe pas, ou ne vous est pas visible : {0}.',
  'These are not the files of the mapping.': 'Ce ne sont pas les fichiers de la table.',
  'These cannot be rules of impartiality.': 'Ceci ne peut être des règles d’impartialité.',
  'This Idempotency-Key was used for another request.': 'Cette Idempotency-Key a servi à une autre demande.',
  'This assessment has a certificate already.': 'Cette évaluation a déjà un certificat.',
  'This baseline has a follow-up already.': 'Cette évaluation initiale a déjà un suivi.',
  'This cannot be undone, and was not confirmed.': 'Ceci est irréversible et n’a pas été confirmé.',
  'This carries a secret, which is not kept to be sent again.':
    'Ceci porte un secret, qui n’est pas gardé pour être renvoyé.',
  'This gain is not part of the aggregate.': 'Ce gain ne fait pas partie de l’agrégat.',
  'This has been allowed already.': 'Ceci a déjà été admis.',
  'This installation has no web app.': 'Cette installation n’a pas d’application.',
  'This is for whoever looks after the installation.': 'Ceci est réservé à qui s’occupe de l’installation.',
  'This is no reason for leaving a cohort.': 'Ce n’est pas une raison de quitter une cohorte.',
  'This is not shared with you. What is: {0}.': 'Ceci n’est pas partagé avec vous. Ce qui l’est : {0}.',
  'This takes a signed-in person; no token may do it.':
    'Ceci demande une personne connectée ; aucun jeton ne le peut.',
  'This takes a token with the scope {0}.': 'Ceci demande un jeton de portée {0}.',
  'This version of the rule is published.': 'Cette version de la règle est publiée.',
  'To {0} you need the role {1} for this site.': 'Il faut pour cela le rôle {1} sur ce site.',
  'Uploads speak tus 1.0.0.': 'Les envois parlent tus 1.0.0.',
  'Validity must be a whole number of months, 1 to 120.':
    'La validité doit être un nombre entier de mois, de 1 à 120.',
  'Version {0} of {1} is published and cannot be changed.':
    'La version {0} de {1} est publiée et ne peut être modifiée.',
  'Visit interval rule {0} has no bands.': 'La règle d’intervalle {0} n’a pas de tranche.',
  'What came is not what was declared.': 'Ce qui est arrivé n’est pas ce qui était déclaré.',
  'What the other side put forward is theirs to change.':
    'Ce que l’autre partie a avancé, elle seule le modifie.',
  'While the assessment is being answered, its answers are changed instead.':
    'Tant que l’évaluation est en cours, on modifie ses réponses.',
  'Who entered what is for those who work on the record.':
    'Qui a saisi quoi ne regarde que ceux qui travaillent au dossier.',
  'Who leads the assessment voids it, or a manager of the programme.':
    'C’est la personne qui la mène, ou un responsable du programme, qui l’annule.',
  'You act for several agencies.': 'Vous agissez pour plusieurs agences.',
  'Your role takes a second factor, and this session has proven none.':
    'Votre rôle exige un second facteur, et cette session n’en a prouvé aucun.',
  "{0} doesn't answer; nobody can sign in there at the moment.":
    '{0} ne répond pas ; personne ne peut s’y connecter pour le moment.',
  '{0} is not impartial: {1}.': 'L’impartialité n’est pas respectée : {1}.',
  '{0} items have several answers that nobody has decided between.':
    '{0} points ont plusieurs réponses entre lesquelles personne n’a tranché.',
  '{0} problems in the responses; the first: {1}': '{0} problèmes dans les réponses ; le premier : {1}',
  'Write its text.': 'Écrivez son texte.',
  'Use {0} characters or more.': 'Utilisez {0} caractères ou plus.',
  'Use {0} characters at most.': 'Utilisez au plus {0} caractères.',
  withdrawn: 'retirée',
  'Version {0} of the checklist {1} is withdrawn: no new assessment begins with it.':
    'La version {0} de la liste {1} est retirée : aucune nouvelle évaluation ne commence avec elle.',
  'This version is withdrawn already.': 'Cette version est déjà retirée.',
  'This version is not withdrawn.': 'Cette version n’est pas retirée.',
  'What is to be used instead must be offered itself.':
    'Ce qui doit servir à la place doit lui-même être proposé.',
  'Begin with version {0} of {1}.': 'Commencez avec la version {0} de {1}.',
  'Choose another checklist, or ask the agency to reinstate it.':
    'Choisissez une autre liste, ou demandez à l’agence de la rétablir.',
  'Name another version, or none.': 'Indiquez une autre version, ou aucune.',
  'Reinstate it first, to withdraw it for another reason.':
    'Rétablissez-la d’abord pour la retirer pour un autre motif.',
  'withdrawn: {0}': 'retirée : {0}',
  'not offered': 'non proposée',
  'You no longer work on this assessment. What you did is kept.':
    'Vous ne travaillez plus à cette évaluation. Ce que vous avez fait est conservé.',
  'Your role no longer allows you to answer here.': 'Votre rôle ne vous permet plus de répondre ici.',
  'Another operation has this id. This one is not kept.':
    'Une autre opération porte cet identifiant. Celle-ci n’est pas conservée.',
  'Enter it again.': 'Saisissez-le de nouveau.',
  'Correct its answers, and hand it in again.': 'Corrigez ses réponses et remettez-la à nouveau.',
  'Enter it into the assessment that it belongs to.':
    'Saisissez-le dans l’évaluation à laquelle il appartient.',
  'Take the assessment along anew and compare what was entered.':
    'Emportez de nouveau l’évaluation et comparez ce qui a été saisi.',
  'Update the app, and enter it again.': 'Mettez l’application à jour et saisissez-le de nouveau.',
  'Use a code of this version.': 'Utilisez un code de cette version.',
  'Void the follow-up first, if it was a mistake as well.':
    'Annulez d’abord le suivi, si c’était aussi une erreur.',
  '"{0}" is not a class of this profile.': '« {0} » n’est pas une classe de ce barème.',
  '"{0}" is not a day': '« {0} » n’est pas un jour',
  '"{0}" is not allowed in "{1}"': '« {0} » n’est pas permis dans « {1} »',
  '$property must be SHA-256 in small hexadecimal digits':
    '$property doit être un SHA-256 en hexadécimal minuscule',
  '$property must be a code of letters, digits, dots and hyphens':
    '$property doit être un code de lettres, chiffres, points et traits d’union',
  '$property must be a day such as 2026-03-01': '$property doit être un jour tel que 2026-03-01',
  '$property must be a moment such as 2026-03-01T09:30:00+02:00':
    '$property doit être un moment tel que 2026-03-01T09:30:00+02:00',
  '$property must be a moment such as 2026-03-01T09:30:00Z':
    '$property doit être un moment tel que 2026-03-01T09:30:00Z',
  '$property must be what the link in the mail holds':
    '$property doit être ce que contient le lien du courriel',
  '$property must be a valid ISO 8601 date string':
    'Doit être un moment ISO 8601, par exemple 2026-03-01T09:30:00Z.',
  'an unknown value was passed to the validate function': 'Cette valeur n’est pas attendue.',
  'each value: {0}': 'Chaque valeur : {0}',
  'nested property $property must be either object or array': 'Doit être un objet ou une liste.',
  'property $property should not exist': 'Ce champ n’existe pas ici : $property.',
  '$property must be a boolean value': 'Doit être vrai ou faux.',
  '$property must be a latitude string or number': 'Doit être une latitude, de -90 à 90.',
  '$property must be a longitude string or number': 'Doit être une longitude, de -180 à 180.',
  '$property must be a string': 'Doit être un texte.',
  '$property must be a UUID': 'Doit être un identifiant (UUID).',
  '$property must be a valid IANA time-zone': 'Doit être un fuseau horaire IANA, par exemple Africa/Cairo.',
  '$property must be a valid ISO31661 Alpha2 code':
    'Doit être un pays : deux lettres (ISO 3166), par exemple EG.',
  '$property must be an array': 'Doit être une liste.',
  '$property must be an email': 'Doit être une adresse e-mail.',
  '$property must be an integer number': 'Doit être un nombre entier.',
  '$property must be an object': 'Doit être un objet.',
  '$property must be longer than or equal to {0} and shorter than or equal to {1} characters':
    'Doit avoir de {0} à {1} caractères.',
  '$property must be longer than or equal to {0} characters': 'Doit avoir au moins {0} caractères.',
  '$property must be one of the following values: {0}': 'Utilisez une de ces valeurs : {0}',
  '$property must be shorter than or equal to {0} characters': 'Doit avoir au plus {0} caractères.',
  '$property must contain at least {0} elements': 'Doit en contenir au moins {0}.',
  '$property must contain no more than {0} elements': 'Doit en contenir au plus {0}.',
  '$property must match {0} regular expression': 'Doit suivre le motif {0}.',
  '$property must not be greater than {0}': 'Ne doit pas dépasser {0}.',
  '$property must not be less than {0}': 'Ne doit pas être inférieur à {0}.',
  'Add "{0}".': 'Ajoutez « {0} ».',
  'Add a band with minPoints 0.': 'Ajoutez une tranche avec minPoints 0.',
  'Add them to the organisation in the role {0} first.':
    'Ajoutez d’abord ces personnes à l’organisation dans le rôle {0}.',
  'Allowed: {0}.': 'Permis : {0}.',
  'Another one has this id.': 'Un autre a cet identifiant.',
  'Ask a manager of the assessment to take it up, or to give you the role again.':
    'Demandez à un responsable de l’évaluation de la reprendre ou de vous rendre le rôle.',
  'Ask a manager of the assessment to take it up.':
    'Demandez à un responsable de l’évaluation de la reprendre.',
  'Ask another manager of the programme.': 'Demandez à un autre responsable du programme.',
  'Ask for a new one.': 'Demandez-en un nouveau.',
  'Ask for {0} {1}.': 'Demandez {0} {1}.',
  'Ask the programme manager for the present one.': 'Demandez l’actuel au responsable de programme.',
  'Ask the supplier for a consent that includes it.':
    'Demandez au fournisseur une autorisation qui l’inclue.',
  'Ask whoever invited you for a new one.': 'Demandez-en une nouvelle à qui vous a invité.',
  'Ask with HEAD, and go on from there.': 'Demandez avec HEAD, et continuez de là.',
  'At least one band is needed.': 'Il faut au moins une tranche.',
  'Build it with `npm run build`, or use the API.': 'Construisez-la avec `npm run build`, ou utilisez l’API.',
  'Cancel it if it will not take place.': 'Annulez-la si elle n’aura pas lieu.',
  'Change the entry that is there.': 'Modifiez l’entrée qui existe.',
  'Checklist {0} {1} has no section "{2}".': 'La liste {0} {1} n’a pas de section « {2} ».',
  'Choose a password.': 'Choisissez un mot de passe.',
  'Class the requirements, or take the gate out.': 'Classez les exigences, ou retirez le seuil.',
  'Declare the file again and send it anew.': 'Déclarez de nouveau le fichier et renvoyez-le.',
  'Declare the file again, with its size and hash.':
    'Déclarez de nouveau le fichier, avec sa taille et son empreinte.',
  'End that one first, or give another period.': 'Terminez d’abord celui-là, ou donnez une autre période.',
  'Enrol the site first, or leave the cohort out.': 'Inscrivez d’abord le site, ou omettez la cohorte.',
  'For example EG.': 'Par exemple EG.',
  'Give a day from {0} on.': 'Donnez un jour à partir du {0}.',
  'Give a day from {0} to {1}.': 'Donnez un jour du {0} au {1}.',
  'Give a day on or after it.': 'Donnez ce jour-là ou un jour suivant.',
  'Give a value of type {0}.': 'Donnez une valeur de type {0}.',
  'Give at least as many days as to acknowledge.':
    'Donnez au moins autant de jours que pour l’accusé de réception.',
  'Give both, or neither.': 'Donnez les deux, ou aucune.',
  'Give each its own id.': 'Donnez à chacun son identifiant.',
  'Give each organisation one type.': 'Donnez un type à chaque organisation.',
  'Give either granteeId, or recipientName and recipientEmail.':
    'Donnez soit granteeId, soit recipientName et recipientEmail.',
  'Give null when there is no score.': 'Donnez null quand il n’y a pas de score.',
  'Give one of {0}, or a mapping of your own as "mapping"; not both.':
    'Donnez l’une de {0}, ou votre propre table comme « mapping » ; pas les deux.',
  'Give personId, organisationId or both.': 'Donnez personId, organisationId ou les deux.',
  'Give the changed file a new version.': 'Donnez une nouvelle version au fichier modifié.',
  'Give the code of your app at /api/auth/two-factor/verify-totp, or sign in with a passkey.':
    'Donnez le code de votre application à /api/auth/two-factor/verify-totp, ou connectez-vous avec une clé d’accès.',
  'Give the code of your app, or use your passkey, before you change how you sign in.':
    'Donnez le code de votre application, ou utilisez votre clé d’accès, avant de changer votre façon de vous connecter.',
  'Give the day of the assessment as YYYY-MM-DD, at most a year ahead.':
    'Donnez le jour de l’évaluation sous la forme AAAA-MM-JJ, au plus un an à l’avance.',
  'Give the day on which it was seen to be mended.': 'Donnez le jour où la correction a été constatée.',
  'Give the programme it is about.': 'Donnez le programme concerné.',
  'Give upheld, partly-upheld or rejected with decide.':
    'Donnez upheld, partly-upheld ou rejected avec decide.',
  'Go on tomorrow.': 'Continuez demain.',
  'Go on: no exception is needed.': 'Continuez : aucune exception n’est nécessaire.',
  'Have it reviewed and closed first.': 'Faites-la d’abord relire et clôturer.',
  'Have somebody else do it, or set the rule to allow-with-reason first.':
    'Confiez-le à quelqu’un d’autre, ou mettez d’abord la règle sur allow-with-reason.',
  'Have somebody handle it who neither raised it, assessed, reviewed, decided nor coached.':
    'Confiez-le à quelqu’un qui ne l’a ni déposée, ni n’a évalué, relu, décidé ou accompagné.',
  'Have that device send the rest, or settle the item.':
    'Que cet appareil envoie le reste, ou tranchez le point.',
  'It takes the kind {0}.': 'Il faut le type {0}.',
  'Leave it out to start from the beginning.': 'Omettez-le pour commencer au début.',
  'Leave it out, or make the type B.': 'Omettez-le, ou mettez le type B.',
  'Leave it out, or uphold an appeal about an assessment, a finding or a certificate.':
    'Omettez-le, ou admettez un recours sur une évaluation, un constat ou un certificat.',
  'Leave it out.': 'Omettez-le.',
  'Question each item once, in one remark.': 'Interrogez chaque point une fois, en une seule remarque.',
  'Let another agency in first.': 'Faites d’abord entrer une autre agence.',
  'Let the camera save JPEG ("most compatible"), or convert the picture.':
    'Réglez l’appareil photo sur JPEG (« le plus compatible »), ou convertissez l’image.',
  'List the profiles and use one of their codes.': 'Listez les barèmes et prenez un de leurs codes.',
  'Load the page again: the app may have a new version.':
    'Rechargez la page : l’application a peut-être une nouvelle version.',
  'Look at the answers and enter the one that holds.': 'Regardez les réponses et saisissez celle qui vaut.',
  'Look it up in the directory, or send a link to a person there.':
    'Cherchez-la dans l’annuaire, ou envoyez un lien à une personne de là-bas.',
  'Make a new key for every new request.': 'Faites une nouvelle clé pour chaque nouvelle demande.',
  'Make somebody else an owner first, or end its participation.':
    'Nommez d’abord un autre responsable, ou mettez fin à sa participation.',
  'Make somebody else an owner first.': 'Nommez d’abord un autre responsable.',
  'Make the picture smaller, or split the document.': 'Réduisez l’image, ou divisez le document.',
  'Make the picture smaller.': 'Réduisez l’image.',
  'Name each day once, 1 Monday to 7 Sunday.': 'Nommez chaque jour une fois, de 1 lundi à 7 dimanche.',
  'Name one of its sections.': 'Nommez une de ses sections.',
  'Name your own sites.': 'Nommez vos propres sites.',
  'No requirement of {0} {1} has the class "{2}".': 'Aucune exigence de {0} {1} n’a la classe « {2} ».',
  'Open that follow-up, or start from a newer baseline.':
    'Ouvrez ce suivi, ou partez d’une évaluation initiale plus récente.',
  'Plan a shorter stretch.': 'Planifiez une période plus courte.',
  'Propose it from that day on.': 'Proposez-le à partir de ce jour.',
  'Publish the checklist first, or correct its code and version.':
    'Publiez d’abord la liste, ou corrigez son code et sa version.',
  'Raise a complaint, or appeal against the result.':
    'Déposez une réclamation, ou faites un recours contre le résultat.',
  'Raise it as a complaint.': 'Déposez-le comme réclamation.',
  'Read it again, look at what changed, and send your change with the new ETag.':
    'Relisez, voyez ce qui a changé, et envoyez votre modification avec le nouvel ETag.',
  'Read the assessment, and send what holds with If-Match.':
    'Lisez l’évaluation, et envoyez ce qui vaut avec If-Match.',
  'Register a new engagement for a new period.':
    'Enregistrez un nouvel engagement pour une nouvelle période.',
  'Reopen it first, with a reason.': 'Rouvrez-la d’abord, avec un motif.',
  'Reopen it with a reason, and declare the file again.':
    'Rouvrez-la avec un motif, et déclarez de nouveau le fichier.',
  'Repeat the call with confirm=true to take it out all the same.':
    'Répétez l’appel avec confirm=true pour la retirer tout de même.',
  'Say in a sentence why the site left.': 'Dites en une phrase pourquoi le site est parti.',
  'Say in a sentence what is in question.': 'Dites en une phrase ce qui pose question.',
  'Say in a sentence why.': 'Dites en une phrase pourquoi.',
  'Say which of them the sites will belong to.': 'Dites à laquelle les sites appartiendront.',
  'See {0} in the schema.': 'Voyez {0} dans le schéma.',
  'Send Origin: {0}, or a bearer token.': 'Envoyez l’en-tête Origin ({0}) ou un jeton bearer.',
  'Send Tus-Resumable: {0}.': 'Envoyez l’en-tête Tus-Resumable ({0}).',
  'Send a JSON object, {} at the least.': 'Envoyez un objet JSON, au moins {}.',
  'Send a photograph (JPEG, PNG, WebP) or a document (PDF, DOCX, XLSX without macros).':
    'Envoyez une photo (JPEG, PNG, WebP) ou un document (PDF, DOCX, XLSX sans macros).',
  'Send it again with an id of its own.': 'Renvoyez-le avec son propre identifiant.',
  'Send multipart/form-data.': 'Envoyez multipart/form-data.',
  'Send one JSON object, uncompressed, in UTF-8.': 'Envoyez un objet JSON, non compressé, en UTF-8.',
  'Send the ETag of the resource as you last read it.':
    'Envoyez l’ETag de la ressource telle que vous l’avez lue en dernier.',
  'Send what the operation describes.': 'Envoyez ce que décrit l’opération.',
  'Send your name.': 'Envoyez votre nom.',
  'Send {0}.': 'Envoyez {0}.',
  'Send {0}.csv or {1}.csv.gz.': 'Envoyez {0}.csv ou {1}.csv.gz.',
  'Set one up at /api/auth/two-factor/enable and confirm it at /api/auth/two-factor/verify-totp, or add a passkey and sign in with it.':
    'Configurez-en un à /api/auth/two-factor/enable et confirmez-le à /api/auth/two-factor/verify-totp, ou ajoutez une clé d’accès et connectez-vous avec elle.',
  'Sign in with a password or a link by e-mail.':
    'Connectez-vous avec un mot de passe ou un lien par courriel.',
  'Sign in with the address the invitation was sent to, or ask for a new one.':
    'Connectez-vous avec l’adresse de l’invitation, ou demandez-en une nouvelle.',
  'Sign in.': 'Connectez-vous.',
  'Submit a baseline of this site first.': 'Remettez d’abord une évaluation initiale de ce site.',
  'Submit the assessment first.': 'Remettez d’abord l’évaluation.',
  'Take "{0}" out, or correct its name.': 'Retirez « {0} », ou corrigez son nom.',
  'Take back what is not needed.': 'Retirez ce qui n’est pas nécessaire.',
  'Take evidence back that is not needed, or ask the operator for more.':
    'Retirez des preuves inutiles, ou demandez plus de place à l’exploitant.',
  'Take it again, or send another copy.': 'Reprenez-la, ou envoyez une autre copie.',
  'Take it out.': 'Retirez-le.',
  'The operator makes room; what you have is not lost.':
    'L’exploitant fait de la place ; ce que vous avez n’est pas perdu.',
  'There are never fewer than 0 {0}.': 'Il n’y a jamais moins de 0 {0}.',
  'This day is before the first one.': 'Ce jour précède le premier.',
  'This day is too far off.': 'Ce jour est trop lointain.',
  'This is not a finite number.': 'Ce n’est pas un nombre fini.',
  'This is not a whole number of 0 or more.': 'Ce n’est pas un nombre entier de 0 ou plus.',
  'This is not a whole number of 1 or more.': 'Ce n’est pas un nombre entier de 1 ou plus.',
  'Too many people are signing in at this moment; try again in a minute.':
    'Trop de personnes se connectent en ce moment ; réessayez dans une minute.',
  'Try again in a few minutes, or sign in another way.':
    'Réessayez dans quelques minutes, ou connectez-vous autrement.',
  'Unknown level "{0}".': 'Niveau inconnu : « {0} ».',
  'Use 0 or more.': 'Prenez 0 ou plus.',
  'Use a code of its checklist at its level, or leave it out.':
    'Prenez un code de sa liste à son niveau, ou omettez-le.',
  'Use an IANA name such as Africa/Cairo.': 'Prenez un nom IANA tel que Africa/Cairo.',
  'Use one of: {0}.': 'Prenez l’un de : {0}.',
  'Use {0} or more.': 'Prenez {0} ou plus.',
  'Use {0} to 100.': 'Prenez de {0} à 100.',
  'Write it in the shape {0}.': 'Écrivez-le sous la forme {0}.',
  'Write the day as YYYY-MM-DD, for example 2026-03-31.':
    'Écrivez le jour sous la forme AAAA-MM-JJ, par exemple 2026-03-31.',
  'Write {0}.': 'Écrivez {0}.',
  'a device has more to send': 'un appareil a encore à envoyer',
  'already published with other content': 'déjà publié avec un autre contenu',
  'already used': 'déjà utilisée',
  'another site': 'un autre site',
  'answered differently on several devices': 'réponses différentes sur plusieurs appareils',
  appeal: 'recours',
  assessor: 'évaluateur',
  'before the acknowledgement': 'avant l’accusé de réception',
  'before {0}': 'avant {0}',
  'belongs to an account': 'appartient à un compte',
  block: 'blocage',
  closed: 'clos',
  'dated after {0}': 'daté après {0}',
  'does not belong to {0}': 'n’appartient pas à {0}',
  'does not fit': 'ne convient pas',
  'does not match': 'ne concorde pas',
  expired: 'expiré',
  full: 'plein',
  'given without the other': 'donné sans l’autre',
  'holds a character that is none (NUL or half a pair)':
    'contient un caractère qui n’en est pas un (NUL ou demi-paire)',
  'in the future': 'dans le futur',
  'is empty': 'est vide',
  'was closed': 'a été close',
  'is missing': 'manque',
  'is none of those there are': 'n’est aucun de ceux qui existent',
  'is not a file of this mapping': 'n’est pas un fichier de cette table',
  'is not a shipped mapping': 'n’est pas une table fournie',
  'is not known here': 'n’est pas connu ici',
  'is not multipart/form-data': 'n’est pas multipart/form-data',
  'is there twice': 'est présent deux fois',
  'is {0}, not {1}': 'est {0}, non {1}',
  missing: 'manque',
  'missing or another': 'manque ou autre',
  'missing or unreadable': 'manque ou illisible',
  'missing, ended or replaced': 'manque, terminé ou remplacé',
  'named twice': 'nommé deux fois',
  'needs {0}': 'demande {0}',
  'nested too deeply': 'imbriqué trop profondément',
  'no answer': 'pas de réponse',
  'no room': 'pas de place',
  'no such baseline': 'pas d’évaluation initiale de ce genre',
  'not JSON': 'pas du JSON',
  'not a day': 'pas un jour',
  'not a member in this role': 'pas membre dans ce rôle',
  'not built': 'non construite',
  'not enough': 'insuffisant',
  'not enrolled': 'non inscrit',
  'not from {0} to {1}': 'hors du {0} au {1}',
  'not here': 'pas ici',
  'not in the directory': 'pas dans l’annuaire',
  'not one recipient': 'pas un destinataire',
  'not published': 'non publié',
  'not sent': 'non envoyé',
  'not two capital letters': 'pas deux majuscules',
  'one factor': 'un facteur',
  'out of range': 'hors limites',
  'set already': 'déjà fixé',
  stale: 'périmé',
  taken: 'pris',
  'the body is empty': 'le corps est vide',
  'the content has {0}': 'le contenu a {0}',
  'the last agency': 'la dernière agence',
  'the last owner': 'le dernier responsable',
  'too short or too long': 'trop court ou trop long',
  'type {0} assesses for nobody in particular': 'le type {0} n’évalue pour personne en particulier',
  unknown: 'inconnu',
  'unknown format': 'format inconnu',
  unreadable: 'illisible',
  used: 'utilisé',
  yourself: 'vous-même',
  '{0} days after {1}': '{0} jours après {1}',
  '{0} in conflict': '{0} en conflit',
  '{0} is no site of yours': '{0} n’est pas un de vos sites',
  '{0} were declared': '{0} étaient déclarés',
  '{0} would be hidden': '{0} seraient cachés',
  '{0} {1} can never be reached: the most is {2} {3}.':
    '{0} {1} ne peut jamais être atteint : le plus est {2} {3}.',
  'The request could not be understood.': 'La demande n’a pas été comprise.',
  'Sign in first.': 'Connectez-vous d’abord.',
  'You may not do this.': 'Vous ne pouvez pas faire cela.',
  'There is nothing here.': 'Il n’y a rien ici.',
  'This cannot be done here.': 'Cela ne peut se faire ici.',
  'The request took too long to arrive.': 'La demande a mis trop de temps à arriver.',
  'The request is larger than allowed.': 'La demande est plus grande que permis.',
  'Send JSON.': 'Envoyez du JSON.',
  'Too many requests; try again in a minute.': 'Trop de demandes ; réessayez dans une minute.',
  'The address or the headers are longer than allowed.':
    'L’adresse ou les en-têtes sont plus longs que permis.',
  'The request was refused.': 'La demande a été refusée.',
  'Something went wrong on our side; it has been logged.':
    'Un incident est survenu de notre côté ; il a été noté.',
  'The organisation has left: nothing new begins for it.':
    'L’organisation est partie : rien de nouveau ne commence pour elle.',
  'This would breach a rule of impartiality; look at it again.':
    'Ceci enfreindrait une règle d’impartialité ; regardez de nouveau.',
  'A value holds a character or number that cannot be stored.':
    'Une valeur contient un caractère ou un nombre qui ne peut être enregistré.',
  'is not a shipped profile (../profiles/NAME.yaml)': 'n’est pas un barème fourni (../profiles/NAME.yaml)',
  '{0} is not a valid inspection mapping: {1}': '{0} n’est pas une table d’inspections valide : {1}',
  '{0} cannot be read: {1}': '{0} ne peut être lu : {1}',
  '{0} is not YAML: {1}': '{0} n’est pas du YAML : {1}',
  '{0} is not a scoring profile.': '{0} n’est pas un barème.',
  'is not a scoring profile': 'n’est pas un barème',
  'Only a profile that deducts by class can be given more classes.':
    'Seul un barème qui retire des points par classe peut recevoir d’autres classes.',
  'the profile does not deduct by class': 'le barème ne retire pas de points par classe',
  'Version {0} of {1} is published with other content.':
    'La version {0} de {1} est publiée avec un autre contenu.',
  'Another crosswalk from {0} to {1} of {2} is published and cannot be changed.':
    'Une autre correspondance de {0} à {1} de {2} est publiée et ne peut être modifiée.',
  'the crosswalk differs from the published one': 'la correspondance diffère de celle qui est publiée',
  'Give the editions new versions in the mapping, or import with the crosswalk that is published.':
    'Donnez de nouvelles versions aux éditions dans la table, ou importez avec la correspondance publiée.',
  absence: 'absence',
  answer: 'réponse',
  assessment: 'évaluation',
  certificate: 'certificat',
  checklist: 'liste de contrôle',
  cohort: 'cohorte',
  complaint: 'réclamation',
  consent: 'autorisation',
  engagement: 'engagement',
  enrolment: 'inscription',
  evidence: 'preuve',
  export: 'export',
  'failed job': 'tâche échouée',
  finding: 'constat',
  import: 'import',
  invitation: 'invitation',
  member: 'membre',
  organisation: 'organisation',
  participant: 'participant',
  person: 'personne',
  programme: 'programme',
  requirement: 'exigence',
  session: 'session',
  site: 'site',
  thumbnail: 'vignette',
  token: 'jeton',
  translation: 'traduction',
  upload: 'envoi',
  visit: 'visite',
  'Nobody decides on a correction they handed in themselves.':
    'Nul ne décide d’une correction qu’il a remise lui-même.',
  'Some of its files have not come yet.': 'Certains de ses fichiers ne sont pas encore arrivés.',
  'The correction is handed in: it is looked at as it is.':
    'La correction est remise : elle est examinée telle quelle.',
  'Send them, or take them back.': 'Envoyez-les ou retirez-les.',
  'Take it back first.': 'Retirez-la d’abord.',
  'handed in': 'remise',
  correction: 'correction',
  'The day is outside the window of the visit.': 'Le jour est hors de la période de la visite.',
  'The assessor has no time on this day.': 'L’évaluateur n’est pas disponible ce jour-là.',
  'Choose a day of the window.': 'Choisissez un jour de la période.',
  'The assessor has no time on this day: choose another.':
    'L’évaluateur n’est pas disponible ce jour-là : choisissez-en un autre.',
};
