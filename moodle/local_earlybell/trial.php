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
 * The trial of a course: begin it, see how it stands, end it.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');

use local_earlybell\local\config;
use local_earlybell\local\trial;

$course = get_course(required_param('id', PARAM_INT));
$do = optional_param('do', '', PARAM_ALPHA);
$context = context_course::instance($course->id);
require_login($course);
require_capability('local/earlybell:viewcourse', $context);
require_capability('local/earlybell:managetrial', $context);
if (!config::on('trial')) {
    throw new moodle_exception('trialoff', 'local_earlybell');
}
$url = new moodle_url('/local/earlybell/trial.php', ['id' => $course->id]);
$PAGE->set_url($url);
$PAGE->set_pagelayout('report');
$PAGE->set_title(get_string('trial', 'local_earlybell') . moodle_page::TITLE_SEPARATOR . $course->shortname);
$PAGE->set_heading($course->fullname);
$PAGE->set_secondary_active_tab('local_earlybell');

if ($do === 'start' || $do === 'end') {
    require_sesskey();
    if (optional_param('sure', false, PARAM_BOOL)) {
        $change = $do === 'start' ? trial::start(...) : trial::end(...);
        $done = $change((int) $course->id, (int) $USER->id, time());
        redirect(
            $url,
            get_string($done ? "trial_done_$do" : 'trial_notdone', 'local_earlybell'),
            null,
            $done ? \core\output\notification::NOTIFY_SUCCESS : \core\output\notification::NOTIFY_WARNING
        );
    }
    echo $OUTPUT->header();
    $sure = new moodle_url($url, ['do' => $do, 'sure' => 1, 'sesskey' => sesskey()]);
    echo $OUTPUT->confirm(get_string("trial_sure_$do", 'local_earlybell'), $sure, $url);
    echo $OUTPUT->footer();
    die();
}
$page = new \local_earlybell\output\trial($course);
echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('trial', 'local_earlybell'));
echo $OUTPUT->render_from_template('local_earlybell/trial', $page->export_for_template($OUTPUT));
echo $OUTPUT->footer();
