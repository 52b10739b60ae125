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

use local_earlybell\local\access;
use local_earlybell\local\config;
use local_earlybell\local\notifier;
use local_earlybell\local\risks;
use local_earlybell\local\scope;
use local_earlybell\local\trial;
use local_earlybell\local\worklist;

/**
 * Every few minutes: tell teachers whose risk has just risen to the highest band. Nothing is queued: what is looked at is how things
 * stand when it is sent. A rise in the quiet hours is told of in the morning, if it is still one.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class alert extends \core\task\scheduled_task {
    /** Risks that may have risen. */
    private const HIGH = "band = 'high' AND timeband > :since";
    /** Seconds after which a rise is none any longer. */
    private const RECENT = DAYSECS;
    /** Seconds in which the same teacher hears nothing more of the same learner, though the band goes up and down. */
    private const PAUSE = WEEKSECS;

    #[\Override]
    public function get_name() {
        return get_string('taskalert', 'local_earlybell');
    }

    #[\Override]
    public function execute() {
        if (config::is_complete() && config::on('alerts')) {
            mtrace('  notifications sent: ' . self::send(time()));
        }
    }

    /**
     * Tell of every rise that is to be told of.
     *
     * @param int $now
     * @return int how many notifications went
     */
    public static function send(int $now): int {
        global $DB;
        $sent = 0;
        $courseids = $DB->get_fieldset_select('local_earlybell_risk', 'DISTINCT courseid', self::HIGH, ['since' => $now - self::RECENT]);
        foreach ($courseids as $courseid) {
            $course = get_course($courseid);
            $risen = scope::has_course($course, $now) ? self::risen($course, $now) : [];
            if (!$risen) {
                continue;
            }
            $context = \context_course::instance($course->id);
            foreach (get_enrolled_users($context, 'local/earlybell:receivedigest', 0, 'u.*', null, 0, 0, true) as $teacher) {
                $sent += (int) self::send_to($teacher, $course, $risen, $now);
            }
        }
        return $sent;
    }

    /**
     * Who has risen, is a learner of the course now, is not held out, and was not put aside.
     *
     * @param \stdClass $course
     * @param int $now
     * @return int[] when each has, by user id
     */
    private static function risen(\stdClass $course, int $now): array {
        global $DB;
        $since = $now - self::RECENT;
        $params = ['since' => $since, 'courseid' => $course->id];
        $high = $DB->get_records_select('local_earlybell_risk', self::HIGH . ' AND courseid = :courseid', $params);
        $rows = array_filter($high, fn(\stdClass $row): bool => risks::has_risen($row, $since));
        $risen = array_column($rows, 'timeband', 'userid');
        $learners = scope::learners((int) $course->id, $now, array_keys($risen));
        $risen = array_diff_key(array_intersect_key($risen, $learners), trial::held_out((int) $course->id));
        return array_map('intval', array_diff_key($risen, (new worklist($course, array_keys($risen), $now))->aside));
    }

    /**
     * Tell one teacher.
     *
     * @param \stdClass $teacher
     * @param \stdClass $course
     * @param int[] $risen when each has risen, by user id
     * @param int $now
     * @return bool whether a notification went
     */
    private static function send_to(\stdClass $teacher, \stdClass $course, array $risen, int $now): bool {
        if (notifier::is_quiet($teacher, $now)) {
            return false;
        }
        $visible = access::userids_of($teacher, $course, \context_course::instance($course->id));
        $told = [];
        foreach ($visible === null ? $risen : array_intersect_key($risen, array_flip($visible)) as $userid => $since) {
            $before = self::was_told((int) $course->id, $userid, (int) $teacher->id, $now - self::PAUSE);
            if (!$before && notifier::claim('alert', (int) $course->id, $userid, (int) $teacher->id, $since, $now)) {
                $told[] = $userid;
            }
        }
        if (!$told) {
            return false;
        }
        $name = format_string($course->fullname, true, ['escape' => false]);
        $lines = array_map(fn(int $userid): array => [
            notifier::words('alert_learner', $teacher, $name),
            (new \moodle_url('/local/earlybell/learner.php', ['id' => $course->id, 'user' => $userid]))->out(false),
        ], $told);
        notifier::send('alert', $teacher, 'alert_subject', $lines, 'digest_end');
        return true;
    }

    /**
     * Whether a teacher was told of a learner not long ago.
     *
     * @param int $courseid
     * @param int $userid
     * @param int $teacherid
     * @param int $since
     * @return bool
     */
    private static function was_told(int $courseid, int $userid, int $teacherid, int $since): bool {
        global $DB;
        return $DB->record_exists_select(
            'local_earlybell_sent',
            "kind = 'alert' AND courseid = ? AND userid = ? AND recipientid = ? AND timecreated > ?",
            [$courseid, $userid, $teacherid, $since]
        );
    }
}
