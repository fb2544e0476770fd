import ArgumentParser
import AsyncHTTPClient
import GRDB
import Hummingbird
import Yams

@main struct Muster: ParsableCommand { func run() {} }
