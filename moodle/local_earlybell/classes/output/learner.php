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

use local_earlybell\local\actions;
use local_earlybell\local\risks;
use local_earlybell\local\scope;
use local_earlybell\local\service_words;
use local_earlybell\local\trial;
use local_earlybell\local\words;
use local_earlybell\local\work;

/**
 * One learner, for a teacher: weeks, work, reasons, the smallest change, contacts.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class learner implements \renderable, \templatable {
    /**
     * Of a course.
     *
     * @param \stdClass $course
     * @param \context_course $context
     * @param int $userid
     * @param int $now
     */
    public function __construct(
        /** @var \stdClass the course */
        private readonly \stdClass $course,
        /** @var \context_course its context */
        private readonly \context_course $context,
        /** @var int the learner */
        private readonly int $userid,
        /** @var int the moment */
        private readonly int $now
    ) {
    }

    #[\Override]
    public function export_for_template(\renderer_base $output) {
        global $DB;
        $key = ['courseid' => $this->course->id, 'userid' => $this->userid];
        $heldout = isset(trial::held_out((int) $this->course->id)[$this->userid]);
        $row = $heldout ? false : $DB->get_record('local_earlybell_risk', $key);
        $weeks = $heldout ? [] : $DB->get_records('local_earlybell_history', $key, 'week');
        $rows = actions::of((int) $this->course->id, [$this->userid]);
        $people = new people(array_merge([$this->userid], array_column($rows, 'actorid')));
        $list = work::of($this->course, [$this->userid], $this->now)[$this->userid];
        $explained = json_decode((string) ($row->explained ?? ''), true) ?: [];
        $shown = [
            'name' => $people->name($this->userid),
            'picture' => $people->picture($this->userid),
            'notices' => notices::export(risks::course((int) $this->course->id), $this->now),
            'optedout' => $DB->record_exists('local_earlybell_optout', $key),
            'heldout' => $heldout,
            'hasrisk' => (bool) $row,
            'weeks' => $this->weeks($weeks),
            'hasweeks' => (bool) $weeks,
            'work' => self::work($list),
            'haswork' => (bool) $list,
            'did' => doings::export($rows, $people, $this->now, true),
            'hasdid' => (bool) $rows,
            'canact' => has_capability('local/earlybell:act', $this->context),
            'actions' => array_map(fn(string $kind): array => [
                'word' => get_string("act_$kind", 'local_earlybell'),
                'url' => (new \moodle_url(
                    '/local/earlybell/act.php',
                    ['id' => $this->course->id, 'user' => $this->userid, 'kind' => $kind]
                ))->out(false),
            ], actions::KINDS),
            'listurl' => (new \moodle_url('/local/earlybell/view.php', ['id' => $this->course->id]))->out(false),
            'profileurl' => (new \moodle_url('/user/view.php', ['id' => $this->userid, 'course' => $this->course->id]))->out(false),
        ];
        return $row ? $shown + $this->risk($row, $weeks, $list, $explained) : $shown;
    }

    /**
     * The risk in words.
     *
     * @param \stdClass $row
     * @param \stdClass[] $weeks
     * @param \stdClass[] $list
     * @param array $explained
     * @return array
     */
    private function risk(\stdClass $row, array $weeks, array $list, array $explained): array {
        $known = $row->risk !== null;
        $enrolledat = $known ? [] : scope::learners((int) $this->course->id, $this->now, [$this->userid]);
        return words::band($row->band) + words::trend(array_values($weeks)) + [
            'risk' => words::risk($known ? (float) $row->risk : null),
            'range' => $known ? get_string('range', 'local_earlybell', [
                'risk' => words::percent((float) $row->risk),
                'low' => words::percent((float) $row->low),
                'high' => words::percent((float) $row->high),
            ]) : '',
            'certainty' => $known ? words::certainty((float) $row->low, (float) $row->high) : '',
            'missing' => $known ? '' : words::missing((int) $this->course->startdate, $enrolledat[$this->userid] ?? 0, $this->now),
            'bandchange' => $row->bandbefore !== '' ? get_string(
                $row->newmodel ? 'bandchange_model' : 'bandchange',
                'local_earlybell',
                [
                    'before' => get_string("band_$row->bandbefore", 'local_earlybell'),
                    'after' => get_string("band_$row->band", 'local_earlybell'),
                    'ago' => words::ago((int) $row->timeband, $this->now),
                ]
            ) : '',
            'corrected' => abs($row->correction) >= .005,
            'reasons' => words::reasons($row->reasons, $this->course, work::missed($list), 10),
            'effects' => self::effects($explained['effects'] ?? []),
            'haseffects' => !empty($explained['effects']),
            'change' => service_words::change($explained['counterfactual'] ?? null),
            'updated' => get_string('updated', 'local_earlybell', [
                'ago' => words::ago((int) $row->timecreated, $this->now), 'version' => $row->modelversion,
            ]),
        ];
    }

    /**
     * The effects, each as long as it is strong.
     *
     * @param array $effects
     * @return array
     */
    private static function effects(array $effects): array {
        $most = max(array_map(fn(array $effect): float => abs($effect['effect']), $effects) ?: [1]) ?: 1;
        return array_map(fn(array $effect): array => service_words::reason($effect) + [
            'raises' => $effect['effect'] > 0,
            'length' => (int) round(100 * abs($effect['effect']) / $most),
            'changeable' => !empty($effect['changeable']),
        ], $effects);
    }

    /**
     * The weeks as a table, the latest first.
     *
     * @param \stdClass[] $weeks
     * @return array
     */
    private function weeks(array $weeks): array {
        $shown = [];
        $before = null;
        foreach ($weeks as $week) {
            $shown[] = words::band($week->band) + [
                'week' => userdate($week->week, get_string('strftimedatefullshort', 'langconfig')),
                'percent' => $week->risk === null ? '' : words::percent((float) $week->risk),
                'newmodel' => $before !== null && $before->band !== $week->band && $before->modelversion !== $week->modelversion,
            ];
            $before = $week;
        }
        return array_reverse($shown);
    }

    /**
     * The work as a table.
     *
     * @param \stdClass[] $list
     * @return array
     */
    public static function work(array $list): array {
        return array_map(fn(\stdClass $item): array => [
            'name' => $item->name,
            'url' => $item->url,
            'due' => $item->due ? userdate($item->due, get_string('strftimedatetimeshort', 'langconfig')) : '',
            'extended' => $item->extended,
            'state' => get_string("state_$item->state", 'local_earlybell'),
            'missed' => $item->state === 'missed',
            'score' => $item->score === null ? '' : format_float($item->score, 1, true, true) . ' / ' . format_float($item->max, 1, true, true),
        ], $list);
    }
}
