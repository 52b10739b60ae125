<?php
// Makes a user, a role with the least capabilities, a service and a custom report, as docs/how-to/connect-moodle-web-services.md
// says it: services.php CONFIG. Prints the token and the report's id.
define('CLI_SCRIPT', true);
[, $config] = $argv;
require($config);
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->dirroot . '/webservice/lib.php');

\core\session\manager::set_user(get_admin());
set_config('enablewebservices', 1);
set_config('webserviceprotocols', 'rest');
$user = (new testing_data_generator())->create_user(['username' => 'earlybellweb', 'password' => 'Earlybell.1']);
$context = context_system::instance();
$role = create_role('Earlybell web services', 'earlybellweb', '');
$capabilities = [
    'webservice/rest:use', 'moodle/course:view', 'moodle/course:viewhiddencourses', 'moodle/course:viewparticipants', 'moodle/user:viewdetails',
    'moodle/course:viewsuspendedusers', 'moodle/site:accessallgroups', 'moodle/grade:viewall', 'moodle/grade:viewhidden', 'gradereport/user:view',
    'mod/assign:view', 'mod/assign:viewgrades', 'mod/quiz:view', 'mod/quiz:viewoverrides', 'moodle/reportbuilder:view',
    'moodle/course:viewhiddenactivities', 'mod/assign:grade',
];
foreach ($capabilities as $capability) {
    assign_capability($capability, CAP_ALLOW, $role, $context->id);
}
role_assign($role, $user->id, $context->id);
$functions = [
    'core_webservice_get_site_info', 'core_course_get_courses', 'core_course_get_categories', 'core_enrol_get_enrolled_users',
    'core_reportbuilder_retrieve_report', 'mod_assign_get_assignments', 'mod_assign_get_submissions', 'mod_assign_get_grades',
    'mod_assign_get_user_flags', 'mod_quiz_get_quizzes_by_courses', 'mod_quiz_get_overrides', 'gradereport_user_get_grade_items',
];
$webservice = new webservice();
$service = (object) ['name' => 'Earlybell', 'shortname' => 'earlybellweb', 'enabled' => 1, 'restrictedusers' => 1, 'downloadfiles' => 0,
    'uploadfiles' => 0, 'requiredcapability' => null];
$service->id = $webservice->add_external_service($service);
foreach ($functions as $function) {
    $webservice->add_external_function_to_service($function, $service->id);
}
$webservice->add_ws_authorised_user((object) ['externalserviceid' => $service->id, 'userid' => $user->id]);
$token = \core_external\util::generate_token(EXTERNAL_TOKEN_PERMANENT, $service, $user->id, $context);

$report = \core_reportbuilder\local\helpers\report::create_report((object) [
    'name' => 'Earlybell enrolments', 'source' => \core_course\reportbuilder\datasource\participants::class,
], false);
foreach (['course:courseshortnamewithlink', 'user:fullnamewithlink', 'enrolment:timecreated', 'enrolment:timestarted', 'enrolment:timeended',
    'enrolment:status'] as $column) {
    \core_reportbuilder\local\helpers\report::add_report_column($report->get('id'), $column);
}
\core_reportbuilder\reportbuilder\audience\manual::create($report->get('id'), ['users' => [$user->id]]);
echo json_encode(['token' => $token, 'report' => $report->get('id')]);
