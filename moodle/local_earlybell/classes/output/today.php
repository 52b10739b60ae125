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

use local_earlybell\local\access;
use local_earlybell\local\proposal;
use local_earlybell\local\risks;
use local_earlybell\local\scope;
use local_earlybell\local\service_words;
use local_earlybell\local\words;
use local_earlybell\local\worklist;

/**
 * The teacher's worklist of today.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class today implements \renderable, \templatable {
    /** Learners without evidence that are listed by name. */
    private const LISTED = 20;
    /** Seconds for which one's own actions stand at the top, to be taken back. */
    private const JUST = 900;
    /** Reasons on a card. */
    private const REASONS = 3;

    /**
     * Of a course.
     *
     * @param \stdClass $course
     * @param \context_course $context
     * @param int $now
     */
    public function __construct(
        /** @var \stdClass the course */
        private readonly \stdClass $course,
        /** @var \context_course its context */
        private readonly \context_course $context,
        /** @var int the moment */
        private readonly int $now
    ) {
    }

    #[\Override]
    public function export_for_template(\renderer_base $output) {
        global $USER;
        $known = risks::course((int) $this->course->id);
        $worklist = new worklist($this->course, access::userids($this->course, $this->context), $this->now);
        $listed = array_slice($worklist->insufficient, 0, self::LISTED, true);
        $just = array_filter(
            $worklist->actions,
            fn(\stdClass $row): bool => $row->actorid == $USER->id && !$row->timeundone && $row->timecreated > $this->now - self::JUST
        );
        $people = new people(array_merge(
            array_keys($worklist->chosen),
            array_keys($listed),
            array_keys($worklist->aside),
            array_column($worklist->actions, 'actorid'),
            array_column($just, 'userid')
        ));
        // A correction of another bundle than the one that answers changes nothing, and then nothing is said of it.
        $correction = risks::correction((int) $this->course->id);
        $used = $correction && ($worklist->corrected || $correction['shift'] == 0);
        $cards = $this->cards($worklist, $people);
        return [
            'notices' => notices::export($known, $this->now),
            'note' => $known->timeanswered ? (string) $known->note : '',
            'correction' => service_words::correction($used ? $correction : null),
            'summary' => get_string('summary', 'local_earlybell', ['shown' => count($cards), 'total' => $worklist->total]),
            'updated' => $known->timeanswered
                ? get_string('updated', 'local_earlybell', [
                    'ago' => words::ago((int) $known->timeanswered, $this->now), 'version' => $known->modelversion,
                ]) : '',
            'cards' => $cards,
            'hascards' => (bool) $cards,
            'nobody' => !$cards && $worklist->total,
            'more' => $worklist->more ? get_string('andmore', 'local_earlybell', $worklist->more) : '',
            'allurl' => (new \moodle_url('/local/earlybell/view.php', ['id' => $this->course->id, 'tab' => 'all']))->out(false),
            'just' => $this->just($just, $people),
            'hasjust' => (bool) $just,
            'insufficient' => $this->insufficient($listed, $people),
            'insufficientcount' => self::counted('insufficientgroup', count($worklist->insufficient)),
            'insufficientmore' => max(0, count($worklist->insufficient) - count($listed)),
            'aside' => $this->aside($worklist, $people),
            'hasaside' => (bool) $worklist->aside,
        ];
    }

    /**
     * A number of learners in words.
     *
     * @param string $key
     * @param int $count
     * @return string empty for none
     */
    private static function counted(string $key, int $count): string {
        return $count ? get_string($count === 1 ? "{$key}_one" : $key, 'local_earlybell', $count) : '';
    }

    /**
     * The cards.
     *
     * @param worklist $worklist
     * @param people $people
     * @return array
     */
    private function cards(worklist $worklist, people $people): array {
        global $DB;
        if (!$worklist->chosen) {
            return [];
        }
        [$inusers, $params] = $DB->get_in_or_equal(array_keys($worklist->chosen), SQL_PARAMS_NAMED);
        $history = [];
        $weeks = $DB->get_records_select(
            'local_earlybell_history',
            "courseid = :courseid AND userid $inusers",
            $params + ['courseid' => $this->course->id],
            'week',
            'id, userid, week, risk'
        );
        foreach ($weeks as $week) {
            $history[$week->userid][] = $week;
        }
        $canact = has_capability('local/earlybell:act', $this->context);
        $cards = [];
        foreach ($worklist->chosen as $userid => $row) {
            $own = array_filter($worklist->actions, fn(\stdClass $action): bool => $action->userid == $userid && !$action->timeundone);
            $contacts = array_filter($own, fn(\stdClass $action): bool => $action->kind === 'message');
            [$kind, $template, $proposed] = proposal::of($row, $contacts ? reset($contacts) : null, $this->now);
            $cards[] = words::band($row->band) + words::trend($history[$userid] ?? []) + [
                'userid' => $userid,
                'name' => $people->name($userid),
                'picture' => $people->picture($userid),
                'url' => (new \moodle_url('/local/earlybell/learner.php', ['id' => $this->course->id, 'user' => $userid]))->out(false),
                'risk' => words::risk($row->risk === null ? null : (float) $row->risk),
                'certainty' => words::certainty((float) $row->low, (float) $row->high),
                'newmodel' => $row->newmodel && $row->timeband > $this->now - WEEKSECS,
                'reasons' => words::reasons($row->reasons, $this->course, $row->missed, self::REASONS),
                'soon' => $row->soon ? [
                    'name' => $row->soon->name,
                    'url' => $row->soon->url,
                    'due' => userdate($row->soon->due, get_string('strftime_due', 'local_earlybell')),
                ] : false,
                'did' => doings::export(array_slice($own, 0, 2), $people, $this->now, false),
                'hasdid' => (bool) $own,
                'canact' => $canact,
                'proposed' => $proposed,
                'proposedurl' => $this->act($userid, $kind, $template),
                'actions' => $this->others($userid, $kind, $row->soon ?? $row->missed),
            ];
        }
        return $cards;
    }

    /**
     * The address of an action.
     *
     * @param int $userid
     * @param string $kind
     * @param string $template
     * @return string
     */
    private function act(int $userid, string $kind, string $template = ''): string {
        $params = ['id' => $this->course->id, 'user' => $userid, 'kind' => $kind] + ($template === '' ? [] : ['template' => $template]);
        return (new \moodle_url('/local/earlybell/act.php', $params))->out(false);
    }

    /**
     * The other actions about a learner.
     *
     * @param int $userid
     * @param string $proposed
     * @param \stdClass|null $work for which an extension can be granted
     * @return array
     */
    private function others(int $userid, string $proposed, ?\stdClass $work): array {
        $others = [];
        foreach (\local_earlybell\local\actions::KINDS as $kind) {
            if ($kind !== $proposed) {
                $others[] = ['word' => get_string("act_$kind", 'local_earlybell'), 'url' => $this->act($userid, $kind)];
            }
        }
        if ($work && $work->module === 'assign' && has_capability('mod/assign:grantextension', \context_module::instance($work->cmid))) {
            $url = new \moodle_url('/mod/assign/view.php', ['id' => $work->cmid, 'action' => 'grantextension', 'userid' => $userid]);
            $others[] = ['word' => get_string('act_extension', 'local_earlybell', $work->name), 'url' => $url->out(false)];
        }
        return $others;
    }

    /**
     * What the teacher has just done.
     *
     * @param \stdClass[] $rows
     * @param people $people
     * @return array
     */
    private function just(array $rows, people $people): array {
        $shown = doings::export($rows, $people, $this->now, false);
        foreach (array_values($rows) as $i => $row) {
            $shown[$i]['about'] = $people->name((int) $row->userid);
        }
        return $shown;
    }

    /**
     * Learners without enough evidence, and what is missing.
     *
     * @param \stdClass[] $rows
     * @param people $people
     * @return array
     */
    private function insufficient(array $rows, people $people): array {
        $enrolledat = $rows ? scope::learners((int) $this->course->id, $this->now, array_keys($rows)) : [];
        $shown = [];
        foreach ($rows as $userid => $row) {
            $shown[] = [
                'name' => $people->name($userid),
                'url' => (new \moodle_url('/local/earlybell/learner.php', ['id' => $this->course->id, 'user' => $userid]))->out(false),
                'missing' => words::missing((int) $this->course->startdate, $enrolledat[$userid] ?? 0, $this->now),
            ];
        }
        return $shown;
    }

    /**
     * Who was put aside, and by which action.
     *
     * @param worklist $worklist
     * @param people $people
     * @return array
     */
    private function aside(worklist $worklist, people $people): array {
        $shown = doings::export($worklist->aside, $people, $this->now, false);
        foreach (array_keys($worklist->aside) as $i => $userid) {
            $shown[$i]['about'] = $people->name($userid);
            $url = new \moodle_url('/local/earlybell/learner.php', ['id' => $this->course->id, 'user' => $userid]);
            $shown[$i]['url'] = $url->out(false);
        }
        return $shown;
    }
}
