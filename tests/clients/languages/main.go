// Runs the guide's code: the secret and header lines as arguments, the body on standard input.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

//GUIDE

func main() {
	headers := http.Header{}
	for _, line := range os.Args[2:] {
		name, value, _ := strings.Cut(line, ": ")
		headers.Set(name, value)
	}
	body, _ := io.ReadAll(os.Stdin)
	if err := verify(os.Args[1], headers, body); err != nil {
		fmt.Println("refused:", err)
		return
	}
	fmt.Println("verified")
}
