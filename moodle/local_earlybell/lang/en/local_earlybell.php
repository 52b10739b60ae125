<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Strings.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['act_dismiss'] = 'Dismiss';
$string['act_dismiss_about'] = 'Dismiss {$a}';
$string['act_extension'] = 'Grant an extension of {$a}';
$string['act_message'] = 'Write a message';
$string['act_message_about'] = 'Message to {$a}';
$string['act_note'] = 'Add a note';
$string['act_note_about'] = 'Note about {$a}';
$string['act_snooze'] = 'Snooze';
$string['act_snooze_about'] = 'Snooze {$a}';
$string['act_task'] = 'Set a task';
$string['act_task_about'] = 'Task about {$a}';
$string['act_wrong'] = 'This is wrong';
$string['act_wrong_about'] = 'The risk of {$a} is wrong';
$string['actions'] = 'Actions';
$string['ago_days'] = '{$a} days ago';
$string['ago_days_one'] = 'a day ago';
$string['ago_hours'] = '{$a} hours ago';
$string['ago_hours_one'] = 'an hour ago';
$string['ago_minutes'] = '{$a} minutes ago';
$string['ago_minutes_one'] = 'a minute ago';
$string['ago_now'] = 'just now';
$string['andmore'] = 'And {$a} more';
$string['asidegroup'] = 'Snoozed or dismissed';
$string['attribution'] = 'What raises and lowers the risk';
$string['attribution_note'] = 'The strongest effects on the score of the model. They show no cause.';
$string['backtolist'] = 'Back to the list';
$string['band_high'] = 'High risk';
$string['band_insufficient_evidence'] = 'Not enough evidence';
$string['band_low'] = 'Low risk';
$string['band_medium'] = 'Medium risk';
$string['bandchange'] = 'Was "{$a->before}", became "{$a->after}" {$a->ago}.';
$string['bandchange_model'] = 'Was "{$a->before}", became "{$a->after}" {$a->ago}, with a new version of the model.';
$string['certainty_fairly'] = 'fairly sure';
$string['certainty_sure'] = 'sure';
$string['certainty_unsure'] = 'not sure: few had such records';
$string['chance'] = 'Failed or left with such records';
$string['circuitopen'] = 'The last requests failed ({$a->failure}), since {$a->since}. They are tried again by themselves.';
$string['connectionworks'] = 'The connection works. The service has version {$a->version} of the model, and takes the token.';
$string['contacted'] = 'Last message';
$string['contacts'] = 'What was done';
$string['contest'] = 'Contest it';
$string['contest_label'] = 'What is wrong with the estimate? Your teachers read this.';
$string['contested'] = 'Your teachers will read it.';
$string['contestempty'] = 'Say what is wrong.';
$string['corrected'] = 'This risk is corrected for the course as a whole.';
$string['did_contest'] = '{$a->actor} contested the risk, {$a->ago}';
$string['did_dismiss'] = '{$a->actor} dismissed: {$a->reason}, {$a->ago}';
$string['did_message'] = '{$a->actor} wrote a message, {$a->ago}';
$string['did_note'] = '{$a->actor} noted something, {$a->ago}';
$string['did_snooze'] = '{$a->actor} snoozed until {$a->due}, {$a->ago}';
$string['did_task'] = '{$a->actor} set a task for {$a->due}, {$a->ago}';
$string['did_wrong'] = '{$a->actor} said that this is wrong, {$a->ago}';
$string['digest_course'] = '{$a->course}: {$a->count} learners to look at first, {$a->risen} of them newly of high risk';
$string['digest_end'] = 'A risk is a reason to ask, not a verdict.';
$string['digest_subject'] = 'Learners to look at first';
$string['dismiss_text'] = 'More (for the staff of this course)';
$string['do_dismiss'] = 'Dismiss';
$string['do_message'] = 'Send';
$string['do_note'] = 'Save';
$string['do_snooze'] = 'Snooze';
$string['do_task'] = 'Save';
$string['do_wrong'] = 'Save';
$string['done_dismiss'] = '{$a} is dismissed, until the risk rises or four weeks have passed.';
$string['done_message'] = 'The message to {$a} goes in a minute. Until then you can take it back.';
$string['done_note'] = 'The note about {$a} is saved.';
$string['done_optin'] = 'You have opted in again.';
$string['done_optout'] = 'You have opted out. Your estimates are deleted.';
$string['done_snooze'] = '{$a} is snoozed.';
$string['done_task'] = 'The task about {$a} is saved.';
$string['done_wrong'] = 'Thank you. The risk of {$a} counts as wrong, and training will hear of it.';
$string['due'] = 'Due';
$string['duesoon'] = 'Due soon, not handed in:';
$string['earlybell:act'] = 'Write to learners at risk, and note what was done';
$string['earlybell:extract'] = 'Extract ids, times and marks of all courses';
$string['earlybell:receivedigest'] = 'Receive the daily digest';
$string['earlybell:setcorrections'] = 'Store the corrections of courses';
$string['earlybell:viewcourse'] = 'View learners at risk in a course';
$string['earlybell:viewown'] = 'View one\'s own page';
$string['event_action_made'] = 'Action about a learner';
$string['event_learner_viewed'] = 'Risk of a learner viewed';
$string['event_list_viewed'] = 'Learners at risk viewed';
$string['event_own_viewed'] = 'Own page viewed';
$string['extended'] = 'extended';
$string['failure_badaddress'] = 'The address is none: {$a->detail}. It must be as https://earlybell.example.org.';
$string['failure_blockedhost'] = 'Moodle blocks the address {$a->host} ({$a->address}) by the line {$a->line}. Take this line out of Site administration > General > Security > HTTP security > "cURL blocked hosts list", or publish the service under another address.';
$string['failure_blockedport'] = 'Moodle does not allow the port {$a->port}. Add it to Site administration > General > Security > HTTP security > "cURL allowed ports list", or publish the service on port 443.';
$string['failure_busy'] = 'The service asks for patience: {$a->detail}. The connection itself works.';
$string['failure_certificate'] = 'The certificate of {$a->host} is not to be trusted: {$a->detail}. Set "CA file" in the settings to who signed it, and use the name that it is for.';
$string['failure_network'] = 'No answer from {$a->host}: {$a->detail}. If the site has a proxy, look at Site administration > Server > HTTP.';
$string['failure_notset'] = 'No address is set. Set it in Site administration > Plugins > Local plugins > Earlybell > Settings.';
$string['failure_refused'] = 'Nothing listens at {$a->host}, port {$a->port}: the connection was refused. Look whether the service runs, and whether the address and port in the settings are right.';
$string['failure_request'] = 'The service refuses the request: {$a->detail}.';
$string['failure_server'] = 'The service has a fault: {$a->detail}. Look at its log.';
$string['failure_timeout'] = '{$a->host} does not answer in time: {$a->detail}. Look at firewalls between, or raise the seconds in the settings.';
$string['failure_token'] = 'The service does not take the token: {$a->detail}. Make a new one with `earlybell token`, and set it in the settings.';
$string['failure_toolarge'] = 'The service takes only smaller requests: {$a->detail}. Lower "MiB of a request" in the settings.';
$string['failure_unknownname'] = 'The name {$a->host} does not resolve on this machine. Look at the address in the settings, and at the DNS of the server. (Moodle calls this "blocked" too; its lists are not the reason.)';
$string['failure_version'] = 'At {$a->host} there is another server, or another version of it than this plugin can use: {$a->detail}. It takes an Earlybell service whose answers have a correction.';
$string['heading_learners'] = 'Learners';
$string['heading_scope'] = 'Courses';
$string['heading_service'] = 'The service';
$string['heading_staff'] = 'Staff';
$string['help_ask'] = 'Write to your teacher: asking early is a good sign.';
$string['help_material'] = 'Read on in the material of this week.';
$string['help_quiz'] = 'Try the quizzes: they show what you know already.';
$string['help_scores'] = 'Go through the feedback to your last work.';
$string['help_soon'] = 'Hand in {$a}, even if it is not perfect.';
$string['help_together'] = 'Ask or answer a question in the forum.';
$string['help_visit'] = 'Come by more often, even if only for a short while.';
$string['help_work'] = 'Hand in what is open. Ask for more time before the deadline.';
$string['insufficientgroup'] = '{$a} learners with not enough evidence yet';
$string['insufficientgroup_one'] = 'One learner with not enough evidence yet';
$string['justdone'] = 'Just done';
$string['keyfingerprint'] = 'Fingerprint of the key for pseudonyms: {$a}. It must be the one in tables.json of the extraction.';
$string['keymissing'] = 'The key for pseudonyms is not set, or shorter than 16 characters: nothing can be asked.';
$string['learnersatrisk'] = 'Learners at risk';
$string['learnerviewoff'] = 'This site does not show learners their own page.';
$string['look_learner'] = '{$a} looked at your estimate';
$string['look_list'] = '{$a} looked at the list of the course';
$string['lowers'] = 'lowers the risk';
$string['message_fields'] = 'Fields are filled in for the learner: {firstname}, {teacher}, {course}, {work}, {due}';
$string['message_text'] = 'Message';
$string['messageprovider:digest'] = 'Daily digest of learners at risk';
$string['messagesubject'] = 'About your course';
$string['messagingoff'] = 'Messages are switched off on this site (Site administration > General > Messaging): what you write here will not arrive.';
$string['mine_contested'] = 'You contested this on {$a}:';
$string['mine_details'] = 'Show the estimate';
$string['mine_explained'] = 'A service estimates from your activity in this course how hard it may be to finish. It gets a pseudonym, never your name. Teachers of this course see the estimate, so that they can offer help. It is not for grades.';
$string['mine_helps'] = 'What would help';
$string['mine_high'] = 'Others with a record like yours found it hard to finish. There is time to change that, and people here who would like to help.';
$string['mine_insufficient_evidence'] = 'It is too early to say anything. Just go on.';
$string['mine_looks'] = 'Who looked';
$string['mine_low'] = 'You are doing well. Keep going.';
$string['mine_medium'] = 'You are on your way. A little more, now, would make the rest easier.';
$string['mine_nobody'] = 'Nobody in the last 90 days.';
$string['mine_none'] = 'There is nothing to say yet. Just go on.';
$string['mine_out'] = 'You have opted out: nothing is asked about you.';
$string['mine_percent'] = 'Of learners with such records about {$a} failed or left. This says nothing of you alone.';
$string['mine_rights'] = 'Contest it, or opt out';
$string['mine_stored'] = '{$a->band}, as of {$a->time}; and one estimate for each of {$a->weeks} weeks. Seen as reasons were:';
$string['mine_what'] = 'What is stored about you';
$string['mine_work'] = 'Your work';
$string['missing_days'] = 'has been taught for {$a->days} of the {$a->needed} days that are needed';
$string['missing_unlike'] = 'the records differ too much from those that the model learned from';
$string['myprogress'] = 'My progress';
$string['newmodel'] = 'The band changed with a new version of the model, not by what the learner did.';
$string['nobody'] = 'Nobody needs to be looked at first today.';
$string['nocontacts'] = 'Nothing yet.';
$string['norisk'] = 'There is no risk of this learner yet.';
$string['notaverdict'] = 'A risk is a reason to ask, not a verdict.';
$string['note_text'] = 'Note, for the staff of this course';
$string['notice_away'] = 'The service does not answer (first seen {$a->ago}). What you see is from before; it is tried again by itself.';
$string['notice_never'] = 'There are no risks of this course yet. They come within a night.';
$string['notice_notset'] = 'Earlybell is not set up on this site yet: no address or no key.';
$string['notice_refused'] = 'The service refused records of this course ({$a->ago}). Tell your administrator: some risks may be old.';
$string['notice_stale'] = 'These risks are old: the last answer came {$a->ago}.';
$string['notpast'] = 'This day is over. Choose a later one.';
$string['notundone'] = 'It is too late to take that back.';
$string['notyourlearner'] = 'This learner is not in this course, or in none of your groups.';
$string['nowork'] = 'There is no work with a deadline.';
$string['optedout'] = 'This learner has opted out: nothing is asked and nothing is shown.';
$string['optin'] = 'Opt in again';
$string['optin_means'] = 'If you opt in again, an estimate is made within minutes.';
$string['optout'] = 'Opt out';
$string['optout_means'] = 'If you opt out, nothing is asked about you any longer, and your estimates are deleted at once. Your teachers may then notice later that you need help.';
$string['otheractions'] = 'Other actions';
$string['pending'] = '(not sent yet)';
$string['percent'] = '{$a}%';
$string['pluginname'] = 'Earlybell';
$string['preview'] = 'Preview';
$string['previewto'] = 'To {$a}';
$string['privacy:metadata:action'] = 'What staff and learners did';
$string['privacy:metadata:digest'] = 'Digests sent to teachers';
$string['privacy:metadata:dirty'] = 'Learners about whom the service will be asked';
$string['privacy:metadata:field:actorid'] = 'Who did it';
$string['privacy:metadata:field:band'] = 'The band';
$string['privacy:metadata:field:courseid'] = 'The course';
$string['privacy:metadata:field:day'] = 'The day';
$string['privacy:metadata:field:explained'] = 'The attribution and the smallest change';
$string['privacy:metadata:field:high'] = 'Upper end of its range';
$string['privacy:metadata:field:kind'] = 'What was done';
$string['privacy:metadata:field:low'] = 'Lower end of its range';
$string['privacy:metadata:field:reason'] = 'Why a learner was dismissed';
$string['privacy:metadata:field:reasons'] = 'Why';
$string['privacy:metadata:field:risk'] = 'The risk';
$string['privacy:metadata:field:text'] = 'What was written';
$string['privacy:metadata:field:timecreated'] = 'When';
$string['privacy:metadata:field:timedirty'] = 'Since when';
$string['privacy:metadata:field:userid'] = 'The user';
$string['privacy:metadata:field:week'] = 'The week';
$string['privacy:metadata:history'] = 'A learner\'s risk of each week';
$string['privacy:metadata:optout'] = 'Learners who opted out';
$string['privacy:metadata:risk'] = 'The latest risk of a learner in a course';
$string['privacy:metadata:service'] = 'The Earlybell service, which predicts the risk';
$string['privacy:metadata:service:activity'] = 'Times and kinds of activity in the course';
$string['privacy:metadata:service:enrolment'] = 'When the learner was enrolled';
$string['privacy:metadata:service:learner'] = 'A pseudonym of the learner\'s id';
$string['privacy:metadata:service:work'] = 'When work was handed in and how it was graded';
$string['propose_absence'] = 'Ask how they are';
$string['propose_general'] = 'Write to the learner';
$string['propose_missed'] = 'Offer help with {$a}';
$string['propose_note'] = 'Note what came of your message ({$a})';
$string['propose_reminder'] = 'Remind of {$a->work}, due {$a->due}';
$string['queuesize'] = 'Learners that wait to be asked about: {$a}';
$string['raises'] = 'raises the risk';
$string['range'] = 'Risk {$a->risk}, likely between {$a->low} and {$a->high}.';
$string['reason_agreed'] = 'agreed otherwise with the learner';
$string['reason_incontact'] = 'we are in contact already';
$string['reason_knownabsence'] = 'the absence is known';
$string['reason_other'] = 'another reason';
$string['risk'] = 'Risk';
$string['risk_few'] = 'Hardly anybody with such records failed or left.';
$string['risk_most'] = 'Nearly everybody with such records failed or left.';
$string['risk_of_ten'] = 'About {$a} in 10 with such records failed or left.';
$string['risk_short'] = '{$a} in 10';
$string['risk_unknown'] = 'There is too little to go by.';
$string['riskpercent'] = 'In percent';
$string['score'] = 'Score';
$string['setting_breaks'] = 'Holidays';
$string['setting_breaks_desc'] = 'A line each, first and last day: 2026-12-20 2027-01-06';
$string['setting_budget'] = 'Seconds of a run';
$string['setting_budget_desc'] = 'How long one run of the task asks at most. What is left waits for the next minute.';
$string['setting_cafile'] = 'CA file';
$string['setting_cafile_desc'] = 'PEM file of who signed the certificate of the service. Leave empty for the authorities that the system trusts.';
$string['setting_capacity'] = 'Capacity of the staff';
$string['setting_capacity_desc'] = 'How many learners of a course the staff can see in a week; below 1, a share of all. So many cards are shown.';
$string['setting_cardurl'] = 'Address of the model card';
$string['setting_cardurl_desc'] = 'Where teachers can read what the model is for and how good it is.';
$string['setting_categories_desc'] = 'Courses of these categories and of those below them. None chosen: all. Nothing is sent before an address and a key are set.';
$string['setting_codefield'] = 'Code of a course';
$string['setting_codefield_desc'] = 'Where the code is found that the runs of one course share.';
$string['setting_codepattern'] = 'Pattern of the code';
$string['setting_codepattern_desc'] = 'A regular expression; what its first group matches is the code. By default what stands before a year: MATH1 in MATH1-2026.';
$string['setting_connecttimeout'] = 'Seconds to connect';
$string['setting_connecttimeout_desc'] = 'After so many seconds without a connection the service counts as away.';
$string['setting_digest'] = 'Daily digest';
$string['setting_digest_desc'] = 'Send each teacher one message a day, if there is anybody to look at.';
$string['setting_endpoint'] = 'Address';
$string['setting_endpoint_desc'] = 'Of the Earlybell service, up to host and port, as https://earlybell.example.org';
$string['setting_explain'] = 'Ask for explanations';
$string['setting_explain_desc'] = 'Ask for the full attribution and the smallest change too, for learners of high and medium risk.';
$string['setting_learnerview'] = 'Learners see their own page';
$string['setting_learnerview_desc'] = 'A tab of the course shows learners what would help, what is stored about them and who looked, and lets them contest it or opt out.';
$string['setting_maxmib'] = 'MiB of a request';
$string['setting_maxmib_desc'] = 'Greater requests are split. The service takes 64 MiB if it is not told otherwise.';
$string['setting_pseudonymkey'] = 'Key for pseudonyms';
$string['setting_pseudonymkey_desc'] = 'The same as EARLYBELL_PSEUDONYM_KEY of the extraction, 16 characters or more. Ids are sent as pseudonyms by it; names never are. It is stored encrypted, and can be forced in config.php as the token can.';
$string['setting_retention'] = 'Keep for';
$string['setting_retention_desc'] = 'Risks, their history and what was done are deleted after that.';
$string['setting_showpercent'] = 'Learners see a percentage';
$string['setting_showpercent_desc'] = 'Beside the words. Most sites leave this off.';
$string['setting_template_absence'] = 'Template: has been away';
$string['setting_template_absence_desc'] = 'Fields: {firstname}, {teacher}, {course}';
$string['setting_template_general'] = 'Template: in general';
$string['setting_template_general_desc'] = 'Fields: {firstname}, {teacher}, {course}';
$string['setting_template_reminder'] = 'Template: work is due';
$string['setting_template_reminder_desc'] = 'Fields: {firstname}, {teacher}, {course}, {work}, {due}';
$string['setting_timeout'] = 'Seconds to answer';
$string['setting_timeout_desc'] = 'After so many seconds without an answer the service counts as away.';
$string['setting_token'] = 'Token';
$string['setting_token_desc'] = 'The bearer token of this Moodle, from `earlybell token`. It is stored encrypted. To keep it out of the database set $CFG->forced_plugin_settings[\'local_earlybell\'][\'token\'] in config.php.';
$string['smallestchange'] = 'The smallest change that would move the band';
$string['snooze_text'] = 'Why (for the staff of this course)';
$string['snooze_until'] = 'Until';
$string['somebody'] = 'Somebody';
$string['state'] = 'State';
$string['state_done'] = 'Handed in';
$string['state_late'] = 'Handed in late';
$string['state_missed'] = 'Not handed in';
$string['state_open'] = 'Open';
$string['state_soon'] = 'Due soon';
$string['strftime_day'] = '%a %d %B';
$string['strftime_due'] = '%a %d %B, %H:%M';
$string['summary'] = '{$a->shown} of {$a->total} learners to look at first';
$string['tab_all'] = 'All learners';
$string['tab_today'] = 'Today';
$string['tab_trust'] = 'How far to trust it';
$string['takenback'] = '(taken back)';
$string['task_text'] = 'What is to be done';
$string['task_until'] = 'By';
$string['taskcleanup'] = 'Delete what is older than the site keeps it';
$string['taskdigest'] = 'Send the daily digest to teachers';
$string['taskdrain'] = 'Ask about learners of whom something has changed';
$string['taskrefresh'] = 'Mark the learners of all courses, to ask about them';
$string['template_absence_default'] = 'Dear {firstname},

I have not seen you in {course} for a while. How are you? If you like, we can look together at what comes next.

Kind regards
{teacher}';
$string['template_general_default'] = 'Dear {firstname},

how are you getting on with {course}? If anything is hard at the moment, write to me or come to my office hour.

Kind regards
{teacher}';
$string['template_reminder_default'] = 'Dear {firstname},

{work} in {course} is due on {due}, and I have not received it yet. If something holds you up, tell me: we will find a way.

Kind regards
{teacher}';
$string['testagain'] = 'Test again';
$string['testconnection'] = 'Test the connection';
$string['timeband'] = 'In this band since';
$string['trend_fell'] = 'Fell for {$a} weeks';
$string['trend_fell_one'] = 'Fell since last week';
$string['trend_first'] = 'First week';
$string['trend_rose'] = 'Rose for {$a} weeks';
$string['trend_rose_one'] = 'Rose since last week';
$string['trend_same'] = 'About the same for {$a} weeks';
$string['trend_same_one'] = 'About the same as last week';
$string['trust_alarms'] = '{$a->flagged} learners have a high risk. About {$a->alarms} of these are false alarms: they would pass anyway.';
$string['trust_base'] = 'Of {$a->total} learners about {$a->expected} are to be expected to fail or leave ({$a->share}), by these risks.';
$string['trust_card'] = 'The model card: what it is for, how good it is, and how to contest it';
$string['trust_course'] = 'In this course';
$string['trust_earlier'] = 'By earlier runs {$a} were to be expected.';
$string['trust_from'] = 'As of {$a}.';
$string['trust_insufficient'] = 'About {$a} learners nothing is said: there is too little evidence.';
$string['trust_means'] = 'A risk of 40% means: of 100 learners with such records, about 40 failed or left. It does not say which.';
$string['trust_model'] = 'The model';
$string['trust_nocorrection'] = 'No correction of this course is known here: its risks are as the model gives them.';
$string['trust_sees'] = 'It sees what this platform recorded, and nothing else of a life. Gender, age, disability and origin are never inputs. It shows no cause.';
$string['trust_shift'] = 'The course as a whole';
$string['trust_version'] = 'Version {$a}';
$string['undo'] = 'Undo';
$string['undone'] = 'It is taken back.';
$string['updated'] = 'Updated {$a->ago}, by version {$a->version} of the model. New activity counts within minutes, everything else at night.';
$string['viewlearner'] = 'View learner';
$string['weekof'] = 'Week of';
$string['weeks'] = 'Week by week';
$string['why'] = 'Why';
$string['work'] = 'Work';
$string['wrong_means'] = 'The learner is dismissed, and what you say goes into the next training as a label, without names.';
$string['wrong_text'] = 'What is wrong';
$string['yourwork'] = 'your work';
