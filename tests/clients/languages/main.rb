# Runs the guide's code: the secret and header lines as arguments, the body on standard input.
require "base64"
require "openssl"

#GUIDE

secret, *lines = ARGV
begin
  verify(secret, lines.to_h { |line| line.split(": ", 2) }, $stdin.binmode.read)
  puts "verified"
rescue RuntimeError => error
  puts "refused: #{error.message}"
end
