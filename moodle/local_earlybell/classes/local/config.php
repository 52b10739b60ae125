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

use GuzzleHttp\ClientInterface;

/**
 * The plugin's settings, typed.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class config {
    /**
     * A setting, as text.
     *
     * @param string $name
     * @param string $default
     * @return string
     */
    public static function text(string $name, string $default = ''): string {
        $value = get_config('local_earlybell', $name);
        return $value === false || $value === null || $value === '' ? $default : (string) $value;
    }

    /**
     * A setting, as a number.
     *
     * @param string $name
     * @param float $default
     * @return float
     */
    public static function number(string $name, float $default): float {
        $value = self::text($name);
        return is_numeric($value) ? (float) $value : $default;
    }

    /**
     * A setting that is on or off.
     *
     * @param string $name
     * @param bool $default
     * @return bool
     */
    public static function on(string $name, bool $default = false): bool {
        return (bool) self::number($name, (float) $default);
    }

    /**
     * A secret: encrypted in the database, or plain in config.php, where the site forces it.
     *
     * @param string $name
     * @return string
     */
    public static function secret(string $name): string {
        $value = self::text($name);
        return preg_match('~^(sodium|openssl-aes-256-ctr):~', $value) ? \core\encryption::decrypt($value) : $value;
    }

    /**
     * Whether the service can be asked at all.
     *
     * @return bool
     */
    public static function is_complete(): bool {
        return self::text('endpoint') !== '' && self::text('pseudonymkey') !== '';
    }

    /**
     * Makes pseudonyms.
     *
     * @return pseudonym
     */
    public static function pseudonym(): pseudonym {
        return new pseudonym(self::secret('pseudonymkey'));
    }

    /**
     * The client of the endpoint, through Moodle's own HTTP client and its security.
     *
     * @param ClientInterface|null $http another one, in tests
     * @return client
     */
    public static function client(?ClientInterface $http = null): client {
        return new client(
            $http ?? \core\di::get(\core\http_client::class),
            self::text('endpoint'),
            self::secret('token'),
            self::text('cafile'),
            self::number('connecttimeout', 3),
            self::number('timeout', 30)
        );
    }

    /**
     * How many cards the staff can handle of so many learners.
     *
     * @param int $learners
     * @return int one at least
     */
    public static function capacity(int $learners): int {
        $capacity = self::number('capacity', 10);
        return max(1, (int) floor($capacity < 1 ? $capacity * $learners + 1e-9 : $capacity));
    }

    /**
     * What ties the runs of a course together.
     *
     * @param \stdClass $course
     * @return string|null null where the pattern does not match
     */
    public static function code(\stdClass $course): ?string {
        $field = self::text('codefield', 'shortname') === 'idnumber' ? 'idnumber' : 'shortname';
        $pattern = self::text('codepattern', '^(.+?)[-_ /.]*(?:19|20)\d\d');
        $matched = @preg_match('~' . str_replace('~', '\~', $pattern) . '~u', (string) $course->$field, $match);
        return $matched === 1 && ($match[1] ?? '') !== '' ? $match[1] : null;
    }

    /**
     * Holidays: a line each, with first and last day.
     *
     * @return array rows of starts_at and ends_at
     */
    public static function breaks(): array {
        $zone = \core_date::get_server_timezone_object();
        $breaks = [];
        foreach (preg_split('~\R~', self::text('breaks')) as $line) {
            if (preg_match('~^\s*(\d{4}-\d\d-\d\d)\s+(\d{4}-\d\d-\d\d)\s*$~', $line, $match)) {
                $start = new \DateTimeImmutable("$match[1] 00:00", $zone);
                $end = new \DateTimeImmutable("$match[2] 23:59:59", $zone);
                if ($start < $end) {
                    $breaks[] = ['starts_at' => $start->getTimestamp(), 'ends_at' => $end->getTimestamp()];
                }
            }
        }
        return $breaks;
    }
}
