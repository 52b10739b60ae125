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
 * Sends the plugin's notifications: none twice, and none in the quiet hours of who gets it.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class notifier {
    /**
     * Whether it is one of the site's quiet hours, by the user's own clock.
     *
     * @param \stdClass $user
     * @param int $now
     * @return bool
     */
    public static function is_quiet(\stdClass $user, int $now): bool {
        $from = (int) config::number('quietfrom', 19);
        $until = (int) config::number('quietuntil', 7);
        $hour = (int) self::local_time($user, $now)->format('G');
        return $from <= $until ? $from <= $hour && $hour < $until : $hour >= $from || $hour < $until;
    }

    /**
     * A moment by a user's own clock.
     *
     * @param \stdClass $user
     * @param int $now
     * @return \DateTimeImmutable
     */
    public static function local_time(\stdClass $user, int $now): \DateTimeImmutable {
        return (new \DateTimeImmutable("@$now"))->setTimezone(\core_date::get_user_timezone_object($user));
    }

    /**
     * Claim a notification, before it goes: who gets false leaves it.
     *
     * @param string $kind alert or reminder
     * @param int $courseid
     * @param int $userid the learner
     * @param int $recipientid
     * @param int $subject what tells it from another about the same learner
     * @param int $now
     * @return bool whether it is the first
     */
    public static function claim(string $kind, int $courseid, int $userid, int $recipientid, int $subject, int $now): bool {
        global $DB;
        $key = ['kind' => $kind, 'courseid' => $courseid, 'userid' => $userid, 'recipientid' => $recipientid, 'subject' => $subject];
        if ($DB->record_exists('local_earlybell_sent', $key)) {
            return false;
        }
        try {
            $DB->insert_record('local_earlybell_sent', $key + ['timecreated' => $now]);
        } catch (\dml_write_exception $exception) {
            // Two crons at once: the table takes one row alone.
            return false;
        }
        return true;
    }

    /**
     * Send.
     *
     * @param string $provider of db/messages.php
     * @param \stdClass $user
     * @param string $subject key of a string
     * @param array $lines lists of words and an address
     * @param string $end key of a string
     */
    public static function send(string $provider, \stdClass $user, string $subject, array $lines, string $end): void {
        $message = new \core\message\message();
        $message->component = 'local_earlybell';
        $message->name = $provider;
        $message->userfrom = \core_user::get_noreply_user();
        $message->userto = $user;
        $message->subject = self::words($subject, $user);
        $message->smallmessage = implode("\n", array_column($lines, 0));
        $end = self::words($end, $user);
        $message->fullmessage = implode("\n", array_map(fn(array $line): string => "$line[0]\n$line[1]\n", $lines)) . "\n$end";
        $message->fullmessageformat = FORMAT_PLAIN;
        $links = array_map(fn(array $line): string => \html_writer::tag('li', \html_writer::link($line[1], s($line[0]))), $lines);
        $message->fullmessagehtml = \html_writer::tag('ul', implode('', $links)) . \html_writer::tag('p', s($end));
        $message->notification = 1;
        $message->contexturl = $lines[0][1];
        $message->contexturlname = $message->subject;
        message_send($message);
    }

    /**
     * A string in a user's language.
     *
     * @param string $key
     * @param \stdClass $user
     * @param mixed $values
     * @return string
     */
    public static function words(string $key, \stdClass $user, $values = null): string {
        return get_string_manager()->get_string($key, 'local_earlybell', $values, $user->lang);
    }
}
