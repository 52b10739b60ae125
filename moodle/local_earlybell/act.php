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
 * Do something about a learner.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');

use local_earlybell\local\actions;

$course = get_course(required_param('id', PARAM_INT));
$userid = required_param('user', PARAM_INT);
$kind = required_param('kind', PARAM_ALPHA);
$template = optional_param('template', 'general', PARAM_ALPHA);
$context = context_course::instance($course->id);
require_login($course);
require_capability('local/earlybell:viewcourse', $context);
require_capability('local/earlybell:act', $context);
\local_earlybell\local\access::require_learner($course, $context, $userid);
if (!in_array($kind, actions::KINDS, true)) {
    throw new moodle_exception('invalidparameter', 'debug');
}
$learner = core_user::get_user($userid, '*', MUST_EXIST);
$params = ['id' => $course->id, 'user' => $userid, 'kind' => $kind, 'template' => $template];
$back = new moodle_url('/local/earlybell/view.php', ['id' => $course->id]);

$PAGE->set_url('/local/earlybell/act.php', $params);
$PAGE->set_pagelayout('report');
$heading = get_string("act_{$kind}_about", 'local_earlybell', fullname($learner));
$PAGE->set_title($heading . moodle_page::TITLE_SEPARATOR . $course->shortname);
$PAGE->set_heading($course->fullname);
$PAGE->set_secondary_active_tab('local_earlybell');

$now = time();
$work = null;
$text = '';
if ($kind === 'message') {
    $list = \local_earlybell\local\work::of($course, [$userid], $now)[$userid];
    $work = \local_earlybell\local\work::due_soon($list) ?? \local_earlybell\local\work::missed($list);
    $template = in_array($template, ['reminder', 'absence', 'general'], true) && ($work || $template !== 'reminder') ? $template : 'general';
    $text = \local_earlybell\local\config::text("template_$template", get_string("template_{$template}_default", 'local_earlybell'));
}
$form = new \local_earlybell\form\act($PAGE->url->out(false), ['kind' => $kind]);
$form->set_data(['text' => $text]);
if ($form->is_cancelled()) {
    redirect($back);
}
$preview = '';
$data = $form->get_data();
if ($data) {
    $written = (string) ($data->text ?? '');
    if ($kind === 'message') {
        $written = \local_earlybell\local\proposal::fill($written, $learner, $USER, $course, $work);
    }
    if (empty($data->preview)) {
        $more = ['text' => $written, 'reason' => $data->reason ?? '', 'timedue' => (int) ($data->timedue ?? 0)];
        actions::add($kind, (int) $course->id, $userid, (int) $USER->id, $now, $more);
        redirect($back, get_string("done_$kind", 'local_earlybell', fullname($learner)), null, \core\output\notification::NOTIFY_SUCCESS);
    }
    $preview = $written;
}
echo $OUTPUT->header();
echo $OUTPUT->heading($heading);
if ($kind === 'message' && empty($CFG->messaging)) {
    echo $OUTPUT->notification(get_string('messagingoff', 'local_earlybell'), 'warning', false);
}
if ($preview !== '') {
    echo $OUTPUT->render_from_template('local_earlybell/preview', ['to' => fullname($learner), 'text' => $preview]);
}
$form->display();
echo $OUTPUT->footer();
