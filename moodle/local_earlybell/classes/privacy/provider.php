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

namespace local_earlybell\privacy;

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_earlybell\task\remind;

/**
 * What is stored of whom, exported and deleted.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider,
    \core_privacy\local\request\user_preference_provider {
    /** Tables with a course and a learner, and their fields. */
    private const TABLES = [
        'risk' => ['courseid', 'userid', 'risk', 'low', 'high', 'band', 'reasons', 'explained', 'timecreated'],
        'history' => ['courseid', 'userid', 'week', 'risk', 'low', 'high', 'band', 'timecreated'],
        'action' => ['courseid', 'userid', 'actorid', 'kind', 'reason', 'text', 'band', 'risk', 'timecreated'],
        'optout' => ['courseid', 'userid', 'timecreated'],
        'dirty' => ['courseid', 'userid', 'timedirty'],
        'arm' => ['courseid', 'userid', 'arm', 'timedrawn', 'timeflagged', 'timeexempt'],
        'look' => ['courseid', 'userid', 'actorid', 'timecreated'],
        'sent' => ['kind', 'courseid', 'userid', 'recipientid', 'timecreated'],
    ];
    /** Of these tables the field with another person than the learner. */
    private const OTHERS = ['action' => 'actorid', 'look' => 'actorid', 'sent' => 'recipientid'];
    /** Tables of one context alone, and their fields. */
    private const MORE = [
        'digest' => ['userid', 'day', 'timecreated'],
        'trial' => ['courseid', 'actorid', 'timestarted', 'timeended'],
    ];

    #[\Override]
    public static function get_metadata(collection $collection): collection {
        foreach (self::TABLES + self::MORE as $table => $fields) {
            $described = [];
            foreach ($fields as $field) {
                $described[$field] = "privacy:metadata:field:$field";
            }
            $collection->add_database_table("local_earlybell_$table", $described, "privacy:metadata:$table");
        }
        $collection->add_user_preference(remind::PREFERENCE, 'privacy:metadata:preference:remind');
        $collection->add_external_location_link('service', [
            'learner' => 'privacy:metadata:service:learner',
            'enrolment' => 'privacy:metadata:service:enrolment',
            'activity' => 'privacy:metadata:service:activity',
            'work' => 'privacy:metadata:service:work',
            'trial' => 'privacy:metadata:service:trial',
        ], 'privacy:metadata:service');
        return $collection;
    }

    #[\Override]
    public static function get_contexts_for_userid(int $userid): contextlist {
        $list = new contextlist();
        foreach (array_keys(self::TABLES) as $table) {
            $other = isset(self::OTHERS[$table]) ? 'OR t.' . self::OTHERS[$table] . ' = :other' : '';
            $list->add_from_sql("SELECT c.id FROM {context} c JOIN {local_earlybell_$table} t ON t.courseid = c.instanceid
                AND c.contextlevel = :level WHERE t.userid = :userid $other", [
                'level' => CONTEXT_COURSE, 'userid' => $userid,
            ] + ($other ? ['other' => $userid] : []));
        }
        $list->add_from_sql("SELECT c.id FROM {context} c JOIN {local_earlybell_trial} t ON t.courseid = c.instanceid
            AND c.contextlevel = :level WHERE t.actorid = :userid", ['level' => CONTEXT_COURSE, 'userid' => $userid]);
        $list->add_from_sql("SELECT c.id FROM {context} c JOIN {local_earlybell_digest} t ON t.userid = c.instanceid
            AND c.contextlevel = :level WHERE t.userid = :userid", ['level' => CONTEXT_USER, 'userid' => $userid]);
        return $list;
    }

    #[\Override]
    public static function get_users_in_context(userlist $userlist) {
        $context = $userlist->get_context();
        if ($context instanceof \context_course) {
            foreach (array_keys(self::TABLES) as $table) {
                $params = ['c' => $context->instanceid];
                $userlist->add_from_sql('userid', "SELECT userid FROM {local_earlybell_$table} WHERE courseid = :c", $params);
            }
            foreach (self::OTHERS + ['trial' => 'actorid'] as $table => $field) {
                $userlist->add_from_sql($field, "SELECT $field FROM {local_earlybell_$table} WHERE courseid = :c", $params);
            }
        } else if ($context instanceof \context_user) {
            $params = ['u' => $context->instanceid];
            $userlist->add_from_sql('userid', 'SELECT userid FROM {local_earlybell_digest} WHERE userid = :u', $params);
        }
    }

    #[\Override]
    public static function export_user_data(approved_contextlist $contextlist) {
        global $DB;
        $userid = (int) $contextlist->get_user()->id;
        foreach ($contextlist->get_contexts() as $context) {
            $data = [];
            if ($context instanceof \context_course) {
                foreach (self::TABLES as $table => $fields) {
                    $where = 'courseid = :courseid AND userid = :userid';
                    $params = ['courseid' => $context->instanceid, 'userid' => $userid];
                    if (isset(self::OTHERS[$table])) {
                        $where = 'courseid = :courseid AND (userid = :userid OR ' . self::OTHERS[$table] . ' = :other)';
                        $params['other'] = $userid;
                    }
                    $rows = $DB->get_records_select("local_earlybell_$table", $where, $params, 'id', 'id,' . implode(',', $fields));
                    $data[$table] = array_values(array_map(fn(\stdClass $row): \stdClass => self::readable($row, $userid), $rows));
                }
                $trials = $DB->get_records('local_earlybell_trial', ['courseid' => $context->instanceid, 'actorid' => $userid]);
                $data['trial'] = array_values(array_map(fn(\stdClass $row): \stdClass => self::readable($row, $userid), $trials));
            } else if ($context instanceof \context_user) {
                $data['digest'] = array_values($DB->get_records('local_earlybell_digest', ['userid' => $userid], 'id', 'id, day'));
            }
            if (array_filter($data)) {
                writer::with_context($context)->export_data([get_string('pluginname', 'local_earlybell')], (object) $data);
            }
        }
    }

    /**
     * A row for its reader: times as texts, and no ids of other people.
     *
     * @param \stdClass $row
     * @param int $userid
     * @return \stdClass
     */
    private static function readable(\stdClass $row, int $userid): \stdClass {
        unset($row->id, $row->courseid);
        foreach (['timecreated', 'timedirty', 'week', 'timedrawn', 'timeflagged', 'timeexempt', 'timestarted', 'timeended'] as $field) {
            if (!empty($row->$field)) {
                $row->$field = transform::datetime($row->$field);
            }
        }
        foreach (['userid', 'actorid', 'recipientid'] as $field) {
            if (isset($row->$field)) {
                $row->$field = transform::yesno($row->$field == $userid);
            }
        }
        return $row;
    }

    #[\Override]
    public static function export_user_preferences(int $userid) {
        $wanted = get_user_preferences(remind::PREFERENCE, null, $userid);
        if ($wanted !== null) {
            $described = get_string('privacy:metadata:preference:remind', 'local_earlybell');
            writer::export_user_preference('local_earlybell', remind::PREFERENCE, transform::yesno($wanted), $described);
        }
    }

    #[\Override]
    public static function delete_data_for_all_users_in_context(\context $context) {
        global $DB;
        if ($context instanceof \context_course) {
            foreach (array_merge(array_keys(self::TABLES), ['trial']) as $table) {
                $DB->delete_records("local_earlybell_$table", ['courseid' => $context->instanceid]);
            }
        } else if ($context instanceof \context_user) {
            $DB->delete_records('local_earlybell_digest', ['userid' => $context->instanceid]);
        }
    }

    #[\Override]
    public static function delete_data_for_user(approved_contextlist $contextlist) {
        foreach ($contextlist->get_contexts() as $context) {
            self::delete($context, [(int) $contextlist->get_user()->id]);
        }
    }

    #[\Override]
    public static function delete_data_for_users(approved_userlist $userlist) {
        self::delete($userlist->get_context(), $userlist->get_userids());
    }

    /**
     * Delete what is of users. What a teacher did or looked at stays with the learner, without the teacher and the words.
     *
     * @param \context $context
     * @param int[] $userids
     */
    private static function delete(\context $context, array $userids): void {
        global $DB;
        if (!$userids) {
            return;
        }
        [$inusers, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        if ($context instanceof \context_course) {
            $params['courseid'] = $context->instanceid;
            foreach (array_keys(self::TABLES) as $table) {
                $DB->delete_records_select("local_earlybell_$table", "courseid = :courseid AND userid $inusers", $params);
            }
            $DB->delete_records_select('local_earlybell_sent', "courseid = :courseid AND recipientid $inusers", $params);
            $DB->execute("UPDATE {local_earlybell_action} SET actorid = 0, text = NULL WHERE courseid = :courseid AND actorid $inusers", $params);
            foreach (['look', 'trial'] as $table) {
                $DB->set_field_select("local_earlybell_$table", 'actorid', 0, "courseid = :courseid AND actorid $inusers", $params);
            }
        } else if ($context instanceof \context_user && in_array($context->instanceid, $userids)) {
            $DB->delete_records('local_earlybell_digest', ['userid' => $context->instanceid]);
        }
    }
}
