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
 * Write to several learners at once.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');

use local_earlybell\local\recipients;
use local_earlybell\local\risks;

$course = get_course(required_param('id', PARAM_INT));
$band = optional_param('band', '', PARAM_ALPHAEXT);
$userids = optional_param_array('users', [], PARAM_INT);
$candidates = optional_param('candidates', '', PARAM_SEQUENCE);
$context = context_course::instance($course->id);
require_login($course);
foreach (['local/earlybell:viewcourse', 'local/earlybell:act', 'moodle/course:bulkmessaging'] as $capability) {
    require_capability($capability, $context);
}
$band = in_array($band, risks::BANDS, true) ? $band : '';
$userids = $candidates === '' ? $userids : array_map('intval', explode(',', $candidates));
$back = new moodle_url('/local/earlybell/view.php', ['id' => $course->id, 'tab' => 'all']);
$url = new moodle_url('/local/earlybell/bulk.php', ['id' => $course->id]);
$PAGE->set_url($url);
$PAGE->set_pagelayout('report');
$PAGE->set_title(get_string('bulk', 'local_earlybell') . moodle_page::TITLE_SEPARATOR . $course->shortname);
$PAGE->set_heading($course->fullname);
$PAGE->set_secondary_active_tab('local_earlybell');

$now = time();
$learners = $userids || $band !== '' ? recipients::of($course, $userids ?: null, $band, $now) : [];
if (!$learners) {
    redirect($back, get_string('bulk_nobody', 'local_earlybell'), null, \core\output\notification::NOTIFY_WARNING);
}
$form = new \local_earlybell\form\bulk($url->out(false), ['learners' => $learners, 'course' => $course]);
$template = get_string('template_general_default', 'local_earlybell');
$form->set_data(['text' => \local_earlybell\local\config::text('template_general', $template)]);
if ($form->is_cancelled()) {
    redirect($back);
}
$previews = [];
$data = $form->get_data();
if ($data) {
    $chosen = $form->chosen((array) $data);
    if (empty($data->preview)) {
        recipients::write($course, $chosen, $USER, $data->text, $now);
        $today = new moodle_url('/local/earlybell/view.php', ['id' => $course->id]);
        redirect($today, get_string('done_bulk', 'local_earlybell', count($chosen)), null, \core\output\notification::NOTIFY_SUCCESS);
    }
    foreach (recipients::filled($course, $chosen, $USER, $data->text, $now) as $userid => $text) {
        $previews[] = ['to' => fullname($chosen[$userid]), 'text' => $text];
    }
}
echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('bulk', 'local_earlybell'));
if (empty($CFG->messaging)) {
    echo $OUTPUT->notification(get_string('messagingoff', 'local_earlybell'), 'warning', false);
}
foreach ($previews as $preview) {
    echo $OUTPUT->render_from_template('local_earlybell/preview', $preview);
}
$form->display();
echo $OUTPUT->footer();
