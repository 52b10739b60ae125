<?php
// Sets the plugin up as an administrator would: prepare.php CONFIG ADDRESS TOKEN KEY. For a throw-away Moodle alone: the service of
// the tests is on this machine, so Moodle's HTTP security is told to let this one port of it through.
define('CLI_SCRIPT', true);
[, $config, $address, $token, $key] = $argv;
require($config);
\core\session\manager::set_user(get_admin());
$test = function (string $when): array {
    purge_all_caches();
    [$failure, $values] = \local_earlybell\local\connection::from_settings()->test();
    return [$when, $failure?->value, $values['line']];
};
$set = fn(string $name, string $value) => set_config($name, $value, 'local_earlybell');
$steps = [$test('nothing is set')];
$set('endpoint', $address);
$steps[] = $test('blocked address');
set_config('curlsecurityblockedhosts', str_replace(['127.0.0.0/8', 'localhost'], '', $CFG->curlsecurityblockedhosts));
$steps[] = $test('blocked port');
set_config('curlsecurityallowedport', $CFG->curlsecurityallowedport . "\n" . parse_url($address, PHP_URL_PORT));
$set('token', \core\encryption::encrypt('wrong'));
$steps[] = $test('wrong token');
$set('token', \core\encryption::encrypt($token));
$set('endpoint', str_replace('http:', 'https:', $address));
$steps[] = $test('no certificate');
$set('endpoint', $address);
$set('pseudonymkey', \core\encryption::encrypt($key));
foreach (['learnerview', 'reminders', 'trial'] as $name) {
    $set($name, '1');
}
$steps[] = $test('all is set');
echo json_encode($steps);
