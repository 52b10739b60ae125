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

namespace local_earlybell\task;

use local_earlybell\local\actions;
use local_earlybell\local\config;
use local_earlybell\local\notifier;
use local_earlybell\local\scope;
use local_earlybell\local\trial;
use local_earlybell\local\work;

/**
 * Every hour: remind learners who want it of work that is due soon and not handed in. Once for each piece of work.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class remind extends \core\task\scheduled_task {
    /** The preference by which a learner asks to be reminded. */
    public const PREFERENCE = 'local_earlybell_remind';
    /** Seconds before the deadline from which on it goes. */
    private const BEFORE = 3 * DAYSECS;

    #[\Override]
    public function get_name() {
        return get_string('taskremind', 'local_earlybell');
    }

    #[\Override]
    public function execute() {
        if (config::is_complete() && config::on('reminders')) {
            mtrace('  reminders sent: ' . self::send(time()));
        }
    }

    /**
     * Remind everybody who is to be reminded.
     *
     * @param int $now
     * @return int how many reminders went
     */
    public static function send(int $now): int {
        $sent = 0;
        foreach (scope::courses($now) as $course) {
            $learners = scope::learners((int) $course->id, $now, self::wanting((int) $course->id));
            $userids = array_keys(array_diff_key($learners, trial::held_out((int) $course->id)));
            foreach (work::of($course, $userids, $now) as $userid => $list) {
                $due = array_filter($list, fn(\stdClass $item): bool => $item->state === 'soon' && $item->due <= $now + self::BEFORE);
                $sent += $due ? self::send_to(\core_user::get_user($userid), $course, $due, $now) : 0;
            }
        }
        return $sent;
    }

    /**
     * Who of a course has asked to be reminded.
     *
     * @param int $courseid
     * @return int[]
     */
    private static function wanting(int $courseid): array {
        global $DB;
        return array_map('intval', $DB->get_fieldset_sql("
            SELECT DISTINCT p.userid
              FROM {user_preferences} p
              JOIN {user_enrolments} ue ON ue.userid = p.userid
              JOIN {enrol} e ON e.id = ue.enrolid AND e.courseid = :courseid
             WHERE p.name = :name AND p.value = '1'", ['courseid' => $courseid, 'name' => self::PREFERENCE]));
    }

    /**
     * Remind one learner of each piece of work.
     *
     * @param \stdClass $learner
     * @param \stdClass $course
     * @param \stdClass[] $due
     * @param int $now
     * @return int how many reminders went
     */
    private static function send_to(\stdClass $learner, \stdClass $course, array $due, int $now): int {
        if (notifier::is_quiet($learner, $now)) {
            return 0;
        }
        $sent = 0;
        foreach ($due as $item) {
            if (!notifier::claim('reminder', (int) $course->id, (int) $learner->id, (int) $learner->id, $item->cmid, $now)) {
                continue;
            }
            $words = notifier::words('reminder_due', $learner, [
                'work' => html_entity_decode($item->name, ENT_QUOTES),
                'course' => format_string($course->fullname, true, ['escape' => false]),
                'due' => userdate($item->due, notifier::words('strftime_due', $learner), \core_date::get_user_timezone($learner)),
            ]);
            notifier::send('reminder', $learner, 'reminder_subject', [[$words, $item->url]], 'reminder_end');
            actions::add('reminder', (int) $course->id, (int) $learner->id, 0, $now, ['text' => $words, 'timesent' => $now]);
            $sent++;
        }
        return $sent;
    }
}
