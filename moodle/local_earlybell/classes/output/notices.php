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

namespace local_earlybell\output;

use local_earlybell\local\circuit;
use local_earlybell\local\config;
use local_earlybell\local\trial;
use local_earlybell\local\words;

/**
 * What a teacher must know of the data before the risks: whether they are old, whether the service is away, and whether a trial runs.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class notices {
    /** Seconds after which risks are stale: a night was missed. */
    private const STALE = 26 * HOURSECS;

    /**
     * For the template.
     *
     * @param \stdClass $known of risks::course()
     * @param int $now
     * @return array lists of text, and the level
     */
    public static function export(\stdClass $known, int $now): array {
        if (!config::is_complete()) {
            return [self::notice('notice_notset', null, 'warning')];
        }
        $notices = [];
        $trouble = circuit::trouble();
        if ($trouble && $trouble['since']) {
            $values = ['ago' => words::ago($trouble['since'], $now)];
            $notices[] = self::notice('notice_away', $values, 'warning');
        } else if ($known->failure !== '') {
            $notices[] = self::notice('notice_refused', ['ago' => words::ago((int) $known->timefailed, $now)], 'warning');
        }
        if ($known->timeanswered && $known->timeanswered < $now - self::STALE) {
            $notices[] = self::notice('notice_stale', ['ago' => words::ago((int) $known->timeanswered, $now)], 'warning');
        }
        if (!$known->timeanswered) {
            $notices[] = self::notice('notice_never', null, 'info');
        }
        if (trial::runs((int) $known->courseid)) {
            $notices[] = self::notice('notice_trial', null, 'info');
        }
        return $notices;
    }

    /**
     * One.
     *
     * @param string $key
     * @param array|null $values
     * @param string $level
     * @return array
     */
    private static function notice(string $key, ?array $values, string $level): array {
        return ['text' => get_string($key, 'local_earlybell', $values), 'level' => $level];
    }
}
