<?php
// Runs the guide's code: the secret and header lines as arguments, the body on standard input.
declare(strict_types=1);

//GUIDE

$headers = [];
foreach (array_slice($argv, 2) as $line) {
    [$name, $value] = explode(': ', $line, 2);
    $headers[$name] = $value;
}
try {
    verify($argv[1], $headers, stream_get_contents(STDIN));
    echo "verified\n";
} catch (Exception $error) {
    echo 'refused: ', $error->getMessage(), "\n";
}
