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
 * Pseudonyms of ids, as extraction makes them: nobody without the key can turn them back.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class pseudonym {
    /** The least length of a key. */
    public const SHORTEST_KEY = 16;
    /** The length of a pseudonym. */
    private const LENGTH = 32;
    /** What the fingerprint is of. */
    private const FINGERPRINTED = 'earlybell: fingerprint of the key for pseudonyms';
    /** The length of a fingerprint. */
    private const FINGERPRINT_LENGTH = 16;

    /**
     * With a key.
     *
     * @param string $key
     */
    public function __construct(
        #[\SensitiveParameter]
        /** @var string shared with extraction alone */
        private readonly string $key
    ) {
        if (mb_strlen($key, 'UTF-8') < self::SHORTEST_KEY) {
            throw new \InvalidArgumentException('The key for pseudonyms is missing, or shorter than ' . self::SHORTEST_KEY . ' characters.');
        }
    }

    /**
     * The pseudonym of an id, which is taken as it is.
     *
     * @param string|int $id
     * @return string 32 hexadecimal digits
     */
    public function of(string|int $id): string {
        return substr(hash_hmac('sha256', (string) $id, $this->key), 0, self::LENGTH);
    }

    /**
     * Tells keys apart, and shows none.
     *
     * @return string 16 hexadecimal digits
     */
    public function fingerprint(): string {
        return substr($this->of(self::FINGERPRINTED), 0, self::FINGERPRINT_LENGTH);
    }
}
