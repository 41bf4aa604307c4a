"""The sandbox: a carrier with Twilio's HTTP shape, a page full of phones, and a town clock that moves forward."""
