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
 * Test the connection.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

admin_externalpage_setup('local_earlybell_test');

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('testconnection', 'local_earlybell'));
[$failure, $values] = \local_earlybell\local\connection::from_settings()->test();
$values = array_map('s', $values);
if ($failure) {
    echo $OUTPUT->notification(get_string("failure_$failure->value", 'local_earlybell', $values), 'error', false);
} else {
    echo $OUTPUT->notification(get_string('connectionworks', 'local_earlybell', $values), 'success', false);
}
try {
    $fingerprint = \local_earlybell\local\config::pseudonym()->fingerprint();
    echo $OUTPUT->notification(get_string('keyfingerprint', 'local_earlybell', $fingerprint), 'info', false);
} catch (\InvalidArgumentException $exception) {
    echo $OUTPUT->notification(get_string('keymissing', 'local_earlybell'), 'error', false);
}
$trouble = \local_earlybell\local\circuit::trouble();
if ($trouble) {
    echo $OUTPUT->notification(get_string('circuitopen', 'local_earlybell', [
        'failure' => $trouble['failure']->value,
        'since' => userdate($trouble['since']),
    ]), 'warning', false);
}
echo html_writer::tag('p', get_string('queuesize', 'local_earlybell', \local_earlybell\local\queue::size()));
echo $OUTPUT->single_button(new moodle_url('/local/earlybell/test.php'), get_string('testagain', 'local_earlybell'), 'get');
echo $OUTPUT->footer();
