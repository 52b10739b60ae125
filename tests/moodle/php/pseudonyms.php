<?php
// Reads the test vectors, and prints the plugin's pseudonyms and fingerprints of the same.
require(__DIR__ . '/load.php');

use local_earlybell\local\pseudonym;

$vectors = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
echo json_encode([
    'pseudonyms' => array_map(fn(array $row): string => (new pseudonym($row['key']))->of($row['learner_id']), $vectors['vectors']),
    'fingerprints' => array_map(fn(array $row): string => (new pseudonym($row['key']))->fingerprint(), $vectors['fingerprints']),
]);
