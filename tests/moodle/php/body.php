<?php
// Reads a course run and rows, and prints the body of the plugin's request about it.
require(__DIR__ . '/load.php');

use local_earlybell\local\payload;
use local_earlybell\local\pseudonym;

$read = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
$payload = new payload(
    new pseudonym($read['key']),
    $read['course'],
    $read['rows'],
    $read['as_of'],
    $read['correction'] ?? null,
    $read['trial'] ?? ''
);
echo $payload->body($read['userids'] ?? null);
