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

namespace local_earlybell\local;

/**
 * Which columns of Moodle's tables extraction gets, and of which rows: no name, no address, nothing that learners wrote.
 *
 * A test of Earlybell's compares this with what it reads of a database: components/extract/moodle_db/structure.py.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class raw_tables {
    /** Of each table its columns, a text with `:t`, a number with a fraction with `:n`, and its rows; `%courses%` are those asked for. */
    public const TABLES = [
        'course' => ['id category shortname:t idnumber:t startdate enddate relativedatesmode', ''],
        'course_categories' => ['id path:t', ''],
        'customfield_field' => ['id shortname:t categoryid', ''],
        'customfield_category' => ['id component:t area:t', ''],
        'customfield_data' => [
            'id fieldid instanceid value:t',
            "fieldid IN (SELECT f.id FROM {customfield_field} f JOIN {customfield_category} c ON c.id = f.categoryid WHERE c.component = 'core_course' AND c.area = 'course')",
        ],
        'modules' => ['id name:t', ''],
        'course_modules' => ['id course module instance visible deletioninprogress', 'course IN (%courses%)'],
        'role' => ['id archetype:t', ''],
        'context' => ['id contextlevel instanceid path:t', 'contextlevel IN (10, 40, 50)'],
        'role_assignments' => [
            'id roleid contextid userid',
            'contextid IN (SELECT id FROM {context} WHERE contextlevel IN (10, 40, 50))',
        ],
        'user' => ['id deleted', ''],
        'enrol' => ['id courseid status', 'courseid IN (%courses%)'],
        'user_enrolments' => [
            'id enrolid userid status timestart timeend timecreated timemodified',
            'enrolid IN (SELECT id FROM {enrol} WHERE courseid IN (%courses%))',
        ],
        'groups_members' => ['id groupid userid timeadded', ''],
        'groups' => ['id courseid', 'courseid IN (%courses%)'],
        'groupings_groups' => ['id groupingid groupid', ''],
        'grade_categories' => ['id parent aggregation', 'courseid IN (%courses%)'],
        'grade_items' => [
            'id courseid categoryid itemtype:t itemmodule:t iteminstance itemnumber gradetype grademax:n grademin:n gradepass:n aggregationcoef:n aggregationcoef2:n hidden',
            'courseid IN (%courses%)',
        ],
        'grade_grades' => [
            'id itemid userid rawgrade:n finalgrade:n rawgrademin:n rawgrademax:n hidden timemodified aggregationstatus:t aggregationweight:n',
            'itemid IN (SELECT id FROM {grade_items} WHERE courseid IN (%courses%))',
        ],
        'grade_grades_history' => [
            'id action source:t itemid userid rawgrade:n finalgrade:n rawgrademin:n rawgrademax:n timemodified',
            'itemid IN (SELECT id FROM {grade_items} WHERE courseid IN (%courses%))',
        ],
        'assign' => [
            'id course duedate cutoffdate nosubmissions teamsubmission teamsubmissiongroupingid markingworkflow blindmarking revealidentities',
            'course IN (%courses%)',
        ],
        'assign_submission' => [
            'id assignment userid groupid status:t attemptnumber timemodified',
            'assignment IN (SELECT id FROM {assign} WHERE course IN (%courses%))',
        ],
        'assign_grades' => [
            'id assignment userid attemptnumber grade:n timemodified',
            'assignment IN (SELECT id FROM {assign} WHERE course IN (%courses%))',
        ],
        'assign_user_flags' => [
            'id assignment userid extensionduedate workflowstate:t',
            'assignment IN (SELECT id FROM {assign} WHERE course IN (%courses%))',
        ],
        'assign_overrides' => [
            'id assignid userid groupid sortorder duedate',
            'assignid IN (SELECT id FROM {assign} WHERE course IN (%courses%))',
        ],
        'quiz' => ['id course timeclose sumgrades:n grade:n', 'course IN (%courses%)'],
        'quiz_attempts' => [
            'id quiz userid attempt preview state:t timestart timefinish timemodified sumgrades:n',
            'quiz IN (SELECT id FROM {quiz} WHERE course IN (%courses%))',
        ],
        'quiz_overrides' => ['id quiz userid groupid timeclose', 'quiz IN (SELECT id FROM {quiz} WHERE course IN (%courses%))'],
        'workshop' => ['id course submissionend phase grade:n', 'course IN (%courses%)'],
        'workshop_submissions' => [
            'id workshopid authorid example timecreated timemodified grade:n gradeover:n',
            'workshopid IN (SELECT id FROM {workshop} WHERE course IN (%courses%))',
        ],
        'lesson' => ['id course deadline grade:n practice', 'course IN (%courses%)'],
        'lesson_grades' => [
            'id lessonid userid grade:n completed',
            'lessonid IN (SELECT id FROM {lesson} WHERE course IN (%courses%))',
        ],
        'lesson_overrides' => [
            'id lessonid userid groupid deadline',
            'lessonid IN (SELECT id FROM {lesson} WHERE course IN (%courses%))',
        ],
        'scorm' => ['id course timeclose', 'course IN (%courses%)'],
        'scorm_attempt' => ['id userid scormid attempt', 'scormid IN (SELECT id FROM {scorm} WHERE course IN (%courses%))'],
        'scorm_scoes_value' => [
            'id attemptid value:t timemodified',
            "elementid IN (SELECT id FROM {scorm_element} WHERE element IN ('cmi.core.lesson_status', 'cmi.completion_status', 'cmi.success_status'))",
        ],
        'h5pactivity' => ['id course', 'course IN (%courses%)'],
        'h5pactivity_attempts' => [
            'id h5pactivityid userid attempt timemodified rawscore maxscore duration completion',
            'h5pactivityid IN (SELECT id FROM {h5pactivity} WHERE course IN (%courses%))',
        ],
        'local_earlybell_action' => ['id courseid userid kind:t timeundone timesent', 'courseid IN (%courses%)'],
        'local_earlybell_optout' => ['id courseid userid', 'courseid IN (%courses%)'],
        'local_earlybell_arm' => [
            'id courseid userid arm:t block timedrawn timerecorded timeflagged timeexempt',
            'courseid IN (%courses%)',
        ],
        'logstore_standard_log' => [
            'id component:t action:t target:t objectid edulevel contextlevel contextinstanceid userid courseid relateduserid other:t timecreated origin:t realuserid',
            'anonymous = 0 AND courseid IN (%courses%)',
        ],
    ];
    /** Settings of the site, none of them secret. */
    public const SETTINGS = [
        'version',
        'upgraderunning',
        'gradebookroles',
        'siteadmins',
        'siteguest',
        'timezone',
        'calendar_weekend',
    ];
    /** Settings of plugins. */
    public const PLUGIN_SETTINGS = [
        ['tool_log', 'enabled_stores'],
        ['logstore_standard', 'loglifetime'],
    ];
    /** The log's free column holds anything: it is given of enrolments that were deleted alone, where it has ids and times. */
    private const OTHER = "CASE WHEN t.component = 'core' AND t.action = 'deleted' AND t.target = 'user_enrolment' THEN t.other END AS other";

    /**
     * The columns of a table by name, and whether they are texts.
     *
     * @param string $table
     * @return bool[]
     */
    public static function columns(string $table): array {
        $columns = [];
        foreach (explode(' ', self::TABLES[$table][0]) as $column) {
            [$name, $type] = explode(':', "$column:");
            $columns[$name] = $type === 't';
        }
        return $columns;
    }

    /**
     * The tables that the site has: an activity may be uninstalled.
     *
     * @return string[]
     */
    public static function present(): array {
        global $DB;
        return array_values(array_filter(array_keys(self::TABLES), fn(string $table): bool => $DB->get_manager()->table_exists($table)));
    }

    /**
     * The settings of the site.
     *
     * @return string[] by name; of a plugin as plugin/name
     */
    public static function settings(): array {
        global $CFG;
        $settings = [];
        foreach (self::SETTINGS as $name) {
            $settings[$name] = (string) ($CFG->$name ?? '');
        }
        foreach (self::PLUGIN_SETTINGS as [$plugin, $name]) {
            $settings["$plugin/$name"] = (string) get_config($plugin, $name);
        }
        return $settings;
    }

    /**
     * The condition on the rows of a table.
     *
     * @param string $table
     * @param int[] $courses
     * @return array SQL, which is empty where all rows are given, and its parameters by name
     */
    public static function within(string $table, array $courses): array {
        global $DB;
        $where = self::TABLES[$table][1];
        if (!str_contains($where, '%courses%')) {
            return [$where, []];
        }
        [$in, $params] = $DB->get_in_or_equal($courses, SQL_PARAMS_NAMED, 'course', true, 0);
        return [str_replace('IN (%courses%)', $in, $where), $params];
    }

    /**
     * The rows of a range of ids, as CSV without titles: nothing is NULL, two quotes are an empty text.
     *
     * @param string $table
     * @param int[] $courses
     * @param int $after ids are greater
     * @param int $upto ids are at most
     * @return string
     */
    public static function csv(string $table, array $courses, int $after, int $upto): string {
        global $DB;
        $columns = self::columns($table);
        $select = implode(', ', array_map(fn(string $name): string => $name === 'other' ? self::OTHER : "t.$name", array_keys($columns)));
        [$where, $params] = self::within($table, $courses);
        $rows = $DB->get_recordset_sql(
            "SELECT $select FROM {{$table}} t WHERE t.id > :after AND t.id <= :upto" . ($where === '' ? '' : " AND $where")
                . ' ORDER BY t.id',
            $params + ['after' => $after, 'upto' => $upto]
        );
        $lines = '';
        foreach ($rows as $row) {
            $fields = [];
            foreach ($columns as $name => $istext) {
                $value = $row->$name;
                $fields[] = $istext && $value !== null ? '"' . str_replace('"', '""', $value) . '"' : (string) $value;
            }
            $lines .= implode(',', $fields) . "\n";
        }
        $rows->close();
        return $lines;
    }
}
