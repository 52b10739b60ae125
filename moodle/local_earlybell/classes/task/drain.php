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

use local_earlybell\local\config;
use local_earlybell\local\drainer;

/**
 * Every minute: ask about the learners who are marked, and send the messages that can no longer be taken back.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class drain extends \core\task\scheduled_task {
    #[\Override]
    public function get_name() {
        return get_string('taskdrain', 'local_earlybell');
    }

    #[\Override]
    public function execute() {
        mtrace('  messages sent: ' . \local_earlybell\local\actions::send_due(time()));
        if (!config::is_complete()) {
            mtrace('  neither an address nor a key for pseudonyms is set: nothing is asked');
            return;
        }
        $maxbytes = (int) (1048576 * config::number('maxmib', 32));
        mtrace('  ' . (new drainer(config::client(), config::pseudonym(), config::number('budget', 50), $maxbytes))->run());
    }
}
