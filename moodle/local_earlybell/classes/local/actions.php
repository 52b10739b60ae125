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
 * What people do about a learner. Rows are only added; of an old one only the times change at which it went or was taken back.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class actions {
    /** What staff do. */
    public const KINDS = ['message', 'note', 'task', 'snooze', 'dismiss', 'wrong'];
    /** Why a learner is dismissed. */
    public const REASONS = ['incontact', 'knownabsence', 'agreed', 'other'];
    /** Seconds in which a message can be taken back. */
    public const UNDO = 60;
    /** Days for which a learner stays dismissed, unless the band rises. */
    public const DISMISSED = 28;
    /** The name of the lock between sending and taking back. */
    private const LOCK = 'send';

    /**
     * Add a row.
     *
     * @param string $kind
     * @param int $courseid
     * @param int $userid the learner
     * @param int $actorid who did it
     * @param int $now
     * @param array $more text, reason, timedue, timesent
     * @return int its id
     */
    public static function add(string $kind, int $courseid, int $userid, int $actorid, int $now, array $more = []): int {
        global $DB;
        $risk = $DB->get_record('local_earlybell_risk', ['courseid' => $courseid, 'userid' => $userid], 'band, risk');
        $row = [
            'courseid' => $courseid,
            'userid' => $userid,
            'actorid' => $actorid,
            'kind' => $kind,
            'reason' => $more['reason'] ?? '',
            'text' => $more['text'] ?? null,
            'timedue' => $kind === 'message' ? $now + self::UNDO : ($more['timedue'] ?? 0),
            'timesent' => $more['timesent'] ?? 0,
            'undoes' => $more['undoes'] ?? 0,
            'band' => $risk->band ?? '',
            'risk' => $risk->risk ?? null,
            'timecreated' => $now,
        ];
        $id = $DB->insert_record('local_earlybell_action', $row);
        \local_earlybell\event\action_made::create([
            'context' => \context_course::instance($courseid),
            'objectid' => $id,
            'relateduserid' => $userid,
            'userid' => $actorid,
            'other' => ['kind' => $kind],
        ])->trigger();
        return $id;
    }

    /**
     * Take back one's own action; a message only before it went.
     *
     * @param int $id
     * @param int $actorid
     * @param int $now
     * @return bool whether it was taken back
     */
    public static function undo(int $id, int $actorid, int $now): bool {
        global $DB;
        $lock = \core\lock\lock_config::get_lock_factory('local_earlybell')->get_lock(self::LOCK, 10);
        if (!$lock) {
            return false;
        }
        try {
            $row = $DB->get_record('local_earlybell_action', ['id' => $id, 'actorid' => $actorid]);
            if (!$row || !self::can_undo($row, $now)) {
                return false;
            }
            $DB->set_field('local_earlybell_action', 'timeundone', $now, ['id' => $id]);
        } finally {
            $lock->release();
        }
        self::add('undo', (int) $row->courseid, (int) $row->userid, $actorid, $now, ['undoes' => $id]);
        return true;
    }

    /**
     * Whether an action of one's own can be taken back.
     *
     * @param \stdClass $row
     * @param int $now
     * @return bool
     */
    public static function can_undo(\stdClass $row, int $now): bool {
        if ($row->timeundone || !in_array($row->kind, self::KINDS, true)) {
            return false;
        }
        return $row->kind === 'message' ? !$row->timesent : $row->timecreated > $now - WEEKSECS;
    }

    /**
     * Send the messages that can no longer be taken back. Each goes once: that it went is stored in the same transaction.
     *
     * @param int $now
     * @return int how many went
     */
    public static function send_due(int $now): int {
        global $DB;
        $lock = \core\lock\lock_config::get_lock_factory('local_earlybell')->get_lock(self::LOCK, 0, 600);
        if (!$lock) {
            return 0;
        }
        $sent = 0;
        try {
            $rows = $DB->get_records_select(
                'local_earlybell_action',
                "kind = 'message' AND timesent = 0 AND timeundone = 0 AND timedue <= ?",
                [$now],
                'id',
                '*',
                0,
                200
            );
            foreach ($rows as $row) {
                $transaction = $DB->start_delegated_transaction();
                $DB->set_field('local_earlybell_action', 'timesent', $now, ['id' => $row->id]);
                self::send($row);
                $transaction->allow_commit();
                $sent++;
            }
        } finally {
            $lock->release();
        }
        return $sent;
    }

    /**
     * A message, as from the teacher who wrote it.
     *
     * @param \stdClass $row
     */
    private static function send(\stdClass $row): void {
        $from = \core_user::get_user($row->actorid);
        $to = \core_user::get_user($row->userid);
        if (!$from || !$to || $from->deleted || $to->deleted) {
            return;
        }
        $message = new \core\message\message();
        $message->component = 'moodle';
        $message->name = 'instantmessage';
        $message->userfrom = $from;
        $message->userto = $to;
        $message->subject = get_string_manager()->get_string('messagesubject', 'local_earlybell', null, $to->lang);
        $message->fullmessage = (string) $row->text;
        $message->fullmessageformat = FORMAT_MOODLE;
        $message->fullmessagehtml = '';
        $message->smallmessage = (string) $row->text;
        $message->notification = 0;
        $message->courseid = $row->courseid;
        message_send($message);
    }

    /**
     * Actions about learners of a course, the latest first; opt-outs and undos are not among them.
     *
     * @param int $courseid
     * @param int[]|null $userids
     * @return \stdClass[]
     */
    public static function of(int $courseid, ?array $userids = null): array {
        global $DB;
        $where = "courseid = :courseid AND kind NOT IN ('undo', 'optout', 'optin')";
        $params = ['courseid' => $courseid];
        if ($userids !== null) {
            if (!$userids) {
                return [];
            }
            [$inusers, $userparams] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
            $where .= " AND userid $inusers";
            $params += $userparams;
        }
        return $DB->get_records_select('local_earlybell_action', $where, $params, 'timecreated DESC, id DESC');
    }

    /**
     * Opt out, or in again: nothing is asked or shown of whoever is out, and the risk is deleted at once.
     *
     * @param int $courseid
     * @param int $userid
     * @param bool $out
     * @param int $now
     */
    public static function opt(int $courseid, int $userid, bool $out, int $now): void {
        global $DB;
        $key = ['courseid' => $courseid, 'userid' => $userid];
        if ($DB->record_exists('local_earlybell_optout', $key) === $out) {
            return;
        }
        if ($out) {
            $DB->insert_record('local_earlybell_optout', $key + ['timecreated' => $now]);
        } else {
            $DB->delete_records('local_earlybell_optout', $key);
        }
        self::add($out ? 'optout' : 'optin', $courseid, $userid, $userid, $now);
        if ($out) {
            risks::forget($courseid, [$userid]);
            $DB->delete_records('local_earlybell_history', $key);
        } else {
            queue::mark($courseid, $userid, $now);
        }
    }
}
