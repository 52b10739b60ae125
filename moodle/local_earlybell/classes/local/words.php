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
 * Risks in words, so that neither a colour nor a number alone says anything.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class words {
    /** A shape for each band. */
    private const SHAPES = ['high' => 'triangle', 'medium' => 'diamond', 'low' => 'circle', 'insufficient_evidence' => 'ring'];
    /** Widths of an interval up to which it is sure, and fairly sure. */
    private const SURE = .15;
    /** See SURE. */
    private const FAIRLY = .35;
    /** A risk that moves by less in a week is the same. */
    private const SAME = .03;
    /** Days of teaching that the service needs. */
    private const DAYS_NEEDED = 7;

    /**
     * A band as word and shape, for the template.
     *
     * @param string $band
     * @return array
     */
    public static function band(string $band): array {
        $shape = self::SHAPES[$band] ?? 'ring';
        // Each shape is said to be there or not: a template would look for what is missing in the context around.
        return ['band' => $band, 'bandword' => get_string("band_$band", 'local_earlybell'), $shape => true]
            + array_fill_keys(self::SHAPES, false);
    }

    /**
     * "About 7 in 10".
     *
     * @param float|null $risk
     * @return string
     */
    public static function risk(?float $risk): string {
        if ($risk === null) {
            return get_string('risk_unknown', 'local_earlybell');
        }
        $ofteen = (int) round(10 * $risk);
        return match (true) {
            $ofteen <= 0 => get_string('risk_few', 'local_earlybell'),
            $ofteen >= 10 => get_string('risk_most', 'local_earlybell'),
            default => get_string('risk_of_ten', 'local_earlybell', $ofteen),
        };
    }

    /**
     * "7 in 10".
     *
     * @param float $risk
     * @return string
     */
    public static function risk_short(float $risk): string {
        return get_string('risk_short', 'local_earlybell', (int) round(10 * $risk));
    }

    /**
     * A band, and how sure it is.
     *
     * @param string $band
     * @param float|null $low of the range; null: nothing is known
     * @param float|null $high
     * @return string
     */
    public static function band_with_certainty(string $band, ?float $low, ?float $high): string {
        $words = get_string("band_$band", 'local_earlybell');
        $certainty = self::certainty($low, $high);
        return $certainty === '' ? $words : get_string('band_certainty', 'local_earlybell', ['band' => $words, 'certainty' => $certainty]);
    }

    /**
     * How sure that is.
     *
     * @param float|null $low
     * @param float|null $high
     * @return string
     */
    public static function certainty(?float $low, ?float $high): string {
        if ($low === null || $high === null) {
            return '';
        }
        $width = $high - $low;
        $how = $width <= self::SURE ? 'sure' : ($width <= self::FAIRLY ? 'fairly' : 'unsure');
        return get_string("certainty_$how", 'local_earlybell');
    }

    /**
     * A percentage that stands right in any direction of writing.
     *
     * @param float $share
     * @return string
     */
    public static function percent(float $share): string {
        return get_string('percent', 'local_earlybell', (string) round(100 * $share));
    }

    /**
     * The weeks as a line and as text.
     *
     * @param \stdClass[] $weeks rows of the history, the earliest first
     * @return array for the template: trend, and points of a line where there are two weeks or more
     */
    public static function trend(array $weeks): array {
        $risks = [];
        foreach ($weeks as $week) {
            if ($week->risk !== null) {
                $risks[] = (float) $week->risk;
            }
        }
        $risks = array_slice($risks, -10);
        if (count($risks) < 2) {
            return ['trend' => get_string('trend_first', 'local_earlybell'), 'haspoints' => false];
        }
        $points = [];
        foreach ($risks as $i => $risk) {
            $points[] = round(2 + 96 * $i / (count($risks) - 1), 1) . ',' . round(26 - 24 * $risk, 1);
        }
        $direction = fn(int $i): int => abs($risks[$i] - $risks[$i - 1]) < self::SAME ? 0 : ($risks[$i] <=> $risks[$i - 1]);
        $last = count($risks) - 1;
        $same = $direction($last);
        $length = 0;
        while ($last - $length > 0 && $direction($last - $length) === $same) {
            $length++;
        }
        $how = ['-1' => 'fell', '0' => 'same', '1' => 'rose'][(string) $same];
        $key = $length === 1 ? "trend_{$how}_one" : "trend_$how";
        [$lastx, $lasty] = explode(',', end($points));
        return [
            'trend' => get_string($key, 'local_earlybell', $length),
            'haspoints' => true,
            'points' => implode(' ', $points),
            'lastx' => $lastx,
            'lasty' => $lasty,
        ];
    }

    /**
     * What is missing of a learner without enough evidence.
     *
     * @param int $start of the course
     * @param int $enrolledat
     * @param int $now
     * @return string
     */
    public static function missing(int $start, int $enrolledat, int $now): string {
        $days = (int) floor(($now - max($start, $enrolledat)) / DAYSECS);
        if ($days < self::DAYS_NEEDED) {
            return get_string('missing_days', 'local_earlybell', ['days' => max(0, $days), 'needed' => self::DAYS_NEEDED]);
        }
        return get_string('missing_unlike', 'local_earlybell');
    }

    /**
     * How long ago, in one unit.
     *
     * @param int $time
     * @param int $now
     * @return string
     */
    public static function ago(int $time, int $now): string {
        $seconds = max(0, $now - $time);
        if ($seconds < 90) {
            return get_string('ago_now', 'local_earlybell');
        }
        [$unit, $count] = match (true) {
            $seconds < HOURSECS => ['minutes', (int) round($seconds / MINSECS)],
            $seconds < DAYSECS => ['hours', (int) round($seconds / HOURSECS)],
            default => ['days', (int) round($seconds / DAYSECS)],
        };
        return get_string($count === 1 ? "ago_{$unit}_one" : "ago_$unit", 'local_earlybell', $count);
    }

    /**
     * The reasons of a learner that raise the risk, those first that can be changed, each with a place to look at.
     *
     * @param string|null $json
     * @param \stdClass $course
     * @param \stdClass|null $missed the latest work that was missed
     * @param int $most
     * @return array for the template
     */
    public static function reasons(?string $json, \stdClass $course, ?\stdClass $missed, int $most): array {
        $reasons = array_filter(json_decode((string) $json, true) ?: [], fn(array $reason): bool => ($reason['effect'] ?? 0) > 0);
        $changeable = array_filter($reasons, fn(array $reason): bool => !empty($reason['changeable']));
        $ordered = array_merge(array_values($changeable), array_values(array_filter($reasons, fn($r): bool => empty($r['changeable']))));
        $shown = [];
        foreach (array_slice($ordered, 0, $most) as $reason) {
            $said = service_words::reason($reason);
            $said['words'] = \core_text::strtoupper(\core_text::substr($said['words'], 0, 1)) . \core_text::substr($said['words'], 1);
            $url = self::place((string) $reason['feature'], $course, $missed);
            $shown[] = $said + ['feature' => $reason['feature'], 'url' => $url ? $url->out(false) : ''];
        }
        return $shown;
    }

    /**
     * Where in the course one sees what a reason speaks of.
     *
     * @param string $feature
     * @param \stdClass $course
     * @param \stdClass|null $missed
     * @return \moodle_url|null
     */
    private static function place(string $feature, \stdClass $course, ?\stdClass $missed): ?\moodle_url {
        if ($missed && str_starts_with($feature, 'missed_')) {
            return new \moodle_url($missed->url);
        }
        $modules = ['forum' => 'forum', 'quiz' => 'quiz', 'assignment' => 'assign'];
        [$kind] = explode('_', $feature);
        if (isset($modules[$kind])) {
            return new \moodle_url("/mod/{$modules[$kind]}/index.php", ['id' => $course->id]);
        }
        $graded = ['mean_score', 'lowest_score', 'last_score', 'score_change', 'points_share', 'attempts_per_work', 'mean_delay_days',
            'late_share', 'missed_work', 'missed_share', 'missed_weight_share', 'missed_last'];
        if (in_array($feature, $graded, true)) {
            return new \moodle_url('/grade/report/grader/index.php', ['id' => $course->id]);
        }
        return null;
    }
}
