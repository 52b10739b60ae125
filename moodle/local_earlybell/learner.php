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
 * One learner, for a teacher.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');

$course = get_course(required_param('id', PARAM_INT));
$userid = required_param('user', PARAM_INT);
$context = context_course::instance($course->id);
require_login($course);
require_capability('local/earlybell:viewcourse', $context);
\local_earlybell\local\access::require_learner($course, $context, $userid);

$PAGE->set_url('/local/earlybell/learner.php', ['id' => $course->id, 'user' => $userid]);
$PAGE->set_pagelayout('report');
$PAGE->set_title(get_string('learnersatrisk', 'local_earlybell') . moodle_page::TITLE_SEPARATOR . $course->shortname);
$PAGE->set_heading($course->fullname);
$PAGE->set_secondary_active_tab('local_earlybell');

$now = time();
\local_earlybell\local\looks::add($context, $now, $userid);

$page = new \local_earlybell\output\learner($course, $context, $userid, $now);
echo $OUTPUT->header();
echo $OUTPUT->render_from_template('local_earlybell/learner', $page->export_for_template($OUTPUT));
echo $OUTPUT->footer();
