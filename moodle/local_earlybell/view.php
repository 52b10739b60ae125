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
 * The teacher's page: today, all learners, how far to trust it.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_earlybell\reportbuilder\local\systemreports\learners;

require_once(__DIR__ . '/../../config.php');

$course = get_course(required_param('id', PARAM_INT));
$tab = optional_param('tab', 'today', PARAM_ALPHA);
$context = context_course::instance($course->id);
require_login($course);
require_capability('local/earlybell:viewcourse', $context);

$url = new moodle_url('/local/earlybell/view.php', ['id' => $course->id, 'tab' => $tab]);
$PAGE->set_url($url);
$PAGE->set_pagelayout('report');
$PAGE->set_title(get_string('learnersatrisk', 'local_earlybell') . moodle_page::TITLE_SEPARATOR . $course->shortname);
$PAGE->set_heading($course->fullname);
$PAGE->set_secondary_active_tab('local_earlybell');

$now = time();
\local_earlybell\local\looks::add($context, $now);

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('learnersatrisk', 'local_earlybell'));
$tabs = [];
foreach (['today', 'all', 'trust'] as $name) {
    $taburl = new moodle_url('/local/earlybell/view.php', ['id' => $course->id, 'tab' => $name]);
    $tabs[] = new tabobject($name, $taburl, get_string("tab_$name", 'local_earlybell'));
}
echo $OUTPUT->tabtree($tabs, $tab);
groups_print_course_menu($course, $url);
if ($tab === 'all') {
    $report = \core_reportbuilder\system_report_factory::create(
        learners::class,
        $context,
        'local_earlybell',
        '',
        0,
        ['group' => (int) groups_get_course_group($course, true)]
    );
    $choosing = learners::can_choose($context);
    echo html_writer::div($report->output(), 'local_earlybell-all' . ($choosing ? ' local_earlybell-choosing' : ''));
    if ($choosing) {
        echo $OUTPUT->render_from_template('local_earlybell/bulk', [
            'form' => learners::FORM,
            'url' => (new moodle_url('/local/earlybell/bulk.php', ['id' => $course->id]))->out(false),
            'highurl' => (new moodle_url('/local/earlybell/bulk.php', ['id' => $course->id, 'band' => 'high']))->out(false),
        ]);
    }
} else if ($tab === 'trust') {
    $page = new \local_earlybell\output\trust($course, $context, $now);
    echo $OUTPUT->render_from_template('local_earlybell/trust', $page->export_for_template($OUTPUT));
} else {
    $page = new \local_earlybell\output\today($course, $context, $now);
    echo $OUTPUT->render_from_template('local_earlybell/today', $page->export_for_template($OUTPUT));
}
echo $OUTPUT->footer();
