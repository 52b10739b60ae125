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
 * A learner's own page.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');

use local_earlybell\local\actions;

$course = get_course(required_param('id', PARAM_INT));
$do = optional_param('do', '', PARAM_ALPHA);
$context = context_course::instance($course->id);
require_login($course, false);
require_capability('local/earlybell:viewown', $context);
if (!get_config('local_earlybell', 'learnerview')) {
    throw new moodle_exception('learnerviewoff', 'local_earlybell');
}
$url = new moodle_url('/local/earlybell/mine.php', ['id' => $course->id]);
$PAGE->set_url($url);
$PAGE->set_pagelayout('incourse');
$PAGE->set_title(get_string('myprogress', 'local_earlybell') . moodle_page::TITLE_SEPARATOR . $course->shortname);
$PAGE->set_heading($course->fullname);
$PAGE->set_secondary_active_tab('local_earlybell');

$now = time();
if ($do !== '') {
    require_sesskey();
    if ($do === 'contest') {
        $text = trim(required_param('text', PARAM_TEXT));
        if ($text === '') {
            redirect($url, get_string('contestempty', 'local_earlybell'), null, \core\output\notification::NOTIFY_WARNING);
        }
        actions::add('contest', (int) $course->id, (int) $USER->id, (int) $USER->id, $now, ['text' => core_text::substr($text, 0, 2000)]);
        redirect($url, get_string('contested', 'local_earlybell'), null, \core\output\notification::NOTIFY_SUCCESS);
    }
    if ($do === 'optout' || $do === 'optin') {
        actions::opt((int) $course->id, (int) $USER->id, $do === 'optout', $now);
        redirect($url, get_string("done_$do", 'local_earlybell'), null, \core\output\notification::NOTIFY_SUCCESS);
    }
    if (($do === 'remind' || $do === 'noremind') && get_config('local_earlybell', 'reminders')) {
        set_user_preference(\local_earlybell\task\remind::PREFERENCE, (int) ($do === 'remind'));
        redirect($url, get_string("done_$do", 'local_earlybell'), null, \core\output\notification::NOTIFY_SUCCESS);
    }
    redirect($url);
}

\local_earlybell\event\own_viewed::create(['context' => $context])->trigger();
$page = new \local_earlybell\output\mine($course, (int) $USER->id, $now);
echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('myprogress', 'local_earlybell'));
echo $OUTPUT->render_from_template('local_earlybell/mine', $page->export_for_template($OUTPUT));
echo $OUTPUT->footer();
