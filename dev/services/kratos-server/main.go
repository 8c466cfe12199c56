// Ory Kratos as it is published, for the tests. `go install` refuses modules with replacements.
package main

import (
	"os"

	"github.com/ory/kratos/cmd"
)

func main() {
	os.Exit(cmd.Execute())
}
