<?php
// Makes a user of the two web services as an administrator would, and prints a token for each: token.php CONFIG
define('CLI_SCRIPT', true);
[, $config] = $argv;
require($config);
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->dirroot . '/webservice/lib.php');

\core\session\manager::set_user(get_admin());
set_config('enablewebservices', 1);
set_config('webserviceprotocols', 'rest');
$generator = new testing_data_generator();
$user = $DB->get_record('user', ['username' => 'earlybellservice'])
    ?: $generator->create_user(['username' => 'earlybellservice', 'password' => 'Earlybell.1']);
$context = context_system::instance();
$role = $DB->get_field('role', 'id', ['shortname' => 'earlybellservice'])
    ?: create_role('Earlybell service', 'earlybellservice', '');
foreach (['local/earlybell:extract', 'local/earlybell:setcorrections', 'webservice/rest:use'] as $capability) {
    assign_capability($capability, CAP_ALLOW, $role, $context->id);
}
role_assign($role, $user->id, $context->id);
$tokens = [];
foreach (['local_earlybell_extract', 'local_earlybell_corrections'] as $shortname) {
    $service = $DB->get_record('external_services', ['shortname' => $shortname], '*', MUST_EXIST);
    $authorised = ['externalserviceid' => $service->id, 'userid' => $user->id];
    if (!$DB->record_exists('external_services_users', $authorised)) {
        (new webservice())->add_ws_authorised_user((object) $authorised);
    }
    $tokens[$shortname] = \core_external\util::generate_token(EXTERNAL_TOKEN_PERMANENT, $service, $user->id, $context);
}
echo json_encode($tokens);
