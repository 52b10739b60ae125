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
 * The service gave no answer.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class service_exception extends \RuntimeException {
    /**
     * A failure, with what was heard, and how long the service asks to wait.
     *
     * @param failure $failure
     * @param string $detail never holds the token or what was sent
     * @param float|null $retryafter seconds, if the service said so
     */
    public function __construct(
        /** @var failure why */
        public readonly failure $failure,
        string $detail = '',
        /** @var float|null seconds */
        public readonly ?float $retryafter = null
    ) {
        parent::__construct($failure->value . ($detail === '' ? '' : ": $detail"));
    }
}
