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
 * Leaves a service alone that is in trouble: until a time, longer after each failure, or as long as the service asks.
 *
 * After that time one request is let through: its answer closes the circuit, its failure opens it again.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class circuit {
    /** Seconds after the first failure; they double. */
    private const FIRST = 30;
    /** Seconds at most. */
    private const LONGEST = 900;
    /** Seconds at most that a Retry-After is followed. */
    private const LONGEST_ASKED = 3600;

    /**
     * Until when it is open; 0: requests may go.
     *
     * @param int $now
     * @return int
     */
    public static function open_until(int $now): int {
        $until = (int) config::number('circuituntil', 0);
        return $until > $now ? $until : 0;
    }

    /**
     * The failure that opened it, since when; null if the last request was answered.
     *
     * @return array|null failure and since
     */
    public static function trouble(): ?array {
        if (!config::number('circuitfailures', 0)) {
            return null;
        }
        $failure = failure::tryFrom(config::text('circuitfailure')) ?? failure::server;
        return ['failure' => $failure, 'since' => (int) config::number('circuitsince', 0)];
    }

    /**
     * A request was answered.
     */
    public static function succeeded(): void {
        if (config::number('circuitfailures', 0)) {
            foreach (['circuitfailures', 'circuituntil', 'circuitfailure', 'circuitsince'] as $name) {
                unset_config($name, 'local_earlybell');
            }
        }
    }

    /**
     * A request failed.
     *
     * @param service_exception $exception
     * @param int $now
     * @return int until when to wait
     */
    public static function failed(service_exception $exception, int $now): int {
        $failures = 1 + (int) config::number('circuitfailures', 0);
        $wait = min(self::LONGEST, self::FIRST * 2 ** min(10, $failures - 1));
        if ($exception->retryafter !== null) {
            $wait = max(1, min(self::LONGEST_ASKED, (int) ceil($exception->retryafter)));
        }
        if ($failures === 1) {
            set_config('circuitsince', $now, 'local_earlybell');
        }
        set_config('circuitfailures', $failures, 'local_earlybell');
        set_config('circuitfailure', $exception->failure->value, 'local_earlybell');
        set_config('circuituntil', $now + $wait, 'local_earlybell');
        return $now + $wait;
    }
}
